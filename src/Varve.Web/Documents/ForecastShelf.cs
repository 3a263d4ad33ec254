using Varve.Documents;
using Varve.Lineage;
using Varve.Linux;
using Varve.Running;
using Varve.Steps;
using Varve.Store;

namespace Varve.Web.Documents;

/// <summary>What a run of a document would do now.</summary>
/// <param name="Steps">The prediction of each step, by block.</param>
/// <param name="Problem">Why there is none; else empty.</param>
/// <param name="At">When it was worked out.</param>
internal sealed record DocumentForecast(ILookup<string, StepPrediction> Steps, string Problem, DateTimeOffset At)
{
    public static DocumentForecast None(string problem) => new(Array.Empty<StepPrediction>().ToLookup(static s => s.Block, StringComparer.Ordinal), problem, DateTimeOffset.UtcNow);
}

/// <summary>
/// Forecasts of documents. Working one out looks at every input, so that it is done aside, by one thread at a time, and the
/// last one is shown until the next is there.
/// </summary>
internal sealed class ForecastShelf
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private readonly Lock access = new();
    private readonly Dictionary<string, DocumentForecast> known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> working = new(StringComparer.Ordinal);

    /// <summary>The last forecast; starts to work out a new one when it is old.</summary>
    /// <param name="wait">How long to wait for a new one at most.</param>
    /// <returns>Null when there is none yet.</returns>
    public DocumentForecast? Get(Site site, string path, TimeSpan wait)
    {
        Task task;
        lock (access)
        {
            if (known.TryGetValue(path, out var last) && DateTimeOffset.UtcNow - last.At < Fresh) return last;
            if (!working.TryGetValue(path, out task!)) working[path] = task = Task.Run(() => WorkOut(site, path));
        }
        task.Wait(wait);
        lock (access) return known.GetValueOrDefault(path);
    }

    private void WorkOut(Site site, string path)
    {
        DocumentForecast made;
        try
        {
            made = Now(site, path);
        }
        catch (Exception e) when (e is DocumentException or SettingsException or ConflictException or StepRefusedException or IOException or UnauthorizedAccessException or DamagedStoreException or DamagedLineageException)
        {
            made = DocumentForecast.None(e.Message);
        }
        catch (Exception e)
        {
            made = DocumentForecast.None($"what a run would do could not be worked out: {e.Message}");
        }
        lock (access)
        {
            known[path] = made;
            working.Remove(path);
        }
    }

    private static DocumentForecast Now(Site site, string path)
    {
        var settings = Settings.Load(Settings.WorkspaceOf(Files.Parent(path)));
        using var lineage = new LineageDatabase(site.Home);
        using var digests = new DigestCache(site.Home);
        var store = new BlobStore(site.Home);
        var steps = new StepRunner(site.Home, lineage, store, digests, new StepSettings { Pass = settings.Pass, Trust = settings.Trust });
        var runner = new DocumentRunner(site.Home, steps, lineage, store, digests, settings);
        var predictions = runner.Forecast(Document.Load(path), new RunOptions { File = path });
        return new DocumentForecast(predictions.ToLookup(static p => p.Block, StringComparer.Ordinal), "", DateTimeOffset.UtcNow);
    }
}
