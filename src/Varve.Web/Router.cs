using Microsoft.Data.Sqlite;
using Varve.Lineage;
using Varve.Store;
using Varve.Web.Documents;
using Varve.Web.Http;
using Varve.Web.Pages;
using Varve.Web.Raster;

namespace Varve.Web;

/// <summary>Which page answers which address. Whatever goes wrong on the way becomes a page that says so.</summary>
internal sealed class Router(Site site, Gate gate)
{
    public Response Answer(Request request, CancellationToken cancellation)
    {
        try
        {
            return gate.Check(request) ?? Route(request, cancellation);
        }
        catch (NotFoundException e)
        {
            return Frame.Failure(site, 404, e.Message, e.Advice);
        }
        catch (Varve.Snapshots.SnapshotException e)
        {
            return Frame.Failure(site, 500, e.Message, "`varve data status` says more.");
        }
        catch (Exception e) when (e is DamagedLineageException or DamagedStoreException or SqliteException or IOException or UnauthorizedAccessException)
        {
            return Frame.Failure(site, 500, e.Message, "`varve verify` tells what the store and the lineage have lost.");
        }
    }

    private Response Route(Request request, CancellationToken cancellation)
    {
        if (request.Path is ["assets", var asset]) return Assets.Get(asset) ?? throw Nowhere();
        if (request.Path is ["raw", .. var raw]) return RawFile.Of(site, Site.Relative(raw), request.Get("digest"));
        if (request.Path is ["map", .. var map]) return MapData.Of(site, Site.Relative(map), request);
        if (request.Path is ["events", .. var watched]) return DocumentEvents.Of(site, Site.Relative(watched), cancellation);
        using var visit = new Visit(site);
        return request.Path switch
        {
            [] => StartPage.Show(visit),
            ["files", .. var names] => FilePage.Show(visit, Site.Relative(names), request),
            ["step", var id] => StepPage.Show(visit, id, request),
            ["log", var id] => RawFile.Log(visit, id),
            ["history"] => HistoryPage.Show(visit, request),
            ["datasets"] => DatasetsPage.Show(site),
            ["document", .. var names] => DocumentPage.Show(visit, Site.Relative(names)),
            _ => throw Nowhere(),
        };
    }

    private static NotFoundException Nowhere() => new("There is no such page.", "The overview leads to everything there is.");
}
