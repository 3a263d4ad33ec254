using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;
using Varve.Strict;

namespace Varve.Steps;

/// <summary>
/// Runs a known step once more, beside the workspace: in a folder that holds just what the earlier execution saw of
/// the workspace, as it saw it. Nothing is put in place; the new execution is recorded, and both are kept.
/// </summary>
internal sealed class Recomputation(VarveHome home, BlobStore store, IStepRunner runner, Settings settings)
{
    /// <summary>Runs it again.</summary>
    /// <exception cref="StepRefusedException">What it saw is not there any more, or it cannot be run without its person.</exception>
    public StepOutcome Run(Trace trace, CancellationToken cancellation) => Run(trace, null, cancellation);

    /// <summary>Runs it again as a document asks for it now, which is what its key says.</summary>
    /// <param name="trace">The execution to repeat.</param>
    /// <param name="asked">The step as the document has it, with its environment; null to go by the key alone.</param>
    /// <param name="cancellation">Ends the step.</param>
    /// <exception cref="StepRefusedException">As above.</exception>
    public StepOutcome Run(Trace trace, StepRequest? asked, CancellationToken cancellation)
    {
        if (trace.Input.Bytes > 0 || trace.Input.Kind == "terminal") throw new StepRefusedException($"step {trace.Step.Short} read standard input; run it again with `varve exec --again`");
        Files.MakeDirectories(home.RunningFolder);
        var folder = $"{home.RunningFolder}/recompute-{ExecutionId.New()}";
        try
        {
            Rebuild(trace, asked?.WorkspaceOutside ?? trace.Key.Workspace, folder);
            var request = asked ?? Request(trace);
            return runner.Run(request with { WorkspaceOutside = folder, Again = true, Defer = true, ToCompare = true, Replaying = trace, Origin = null }, cancellation);
        }
        catch (IOException e)
        {
            throw new StepRefusedException($"what step {trace.Step.Short} saw could not be rebuilt: {e.Message}", e);
        }
        finally
        {
            Files.RemoveTree(folder);
        }
    }

    private StepRequest Request(Trace trace)
    {
        var key = trace.Key;
        var environment = key.Environment.Split('@')[0];
        return new StepRequest
        {
            Key = key,
            WorkspaceOutside = key.Workspace,
            WriteAlso = [.. key.Options.Where(static o => o.StartsWith("write=", StringComparison.Ordinal)).Select(static o => new KeyValuePair<string, string>(o[6..], o[6..]))],
            RootLayers = settings.RootLayers(environment),
            Network = StepNetworks.Of(key.Options),
            Strict = key.Options.Contains(StrictTerms.Option),
        };
    }

    private void Rebuild(Trace trace, string original, string folder)
    {
        var workspace = trace.Key.Workspace;
        string Below(string path) => path[(workspace.Length == 1 ? 0 : workspace.Length)..];
        string Place(string path) => folder + Below(path);
        string Original(string path) => original + Below(path);
        MakeFolder(original, folder);
        MakeFolder(Original(trace.Key.Directory), Place(trace.Key.Directory));

        var listings = new List<Observation>();
        foreach (var seen in trace.Observations)
        {
            if (!View.IsWithin(seen.Path, workspace)) continue;
            var place = Place(seen.Path);
            switch (seen.Kind)
            {
                case ObservationKind.Content or ObservationKind.Status when seen.Detail is ['f', ..]:
                    PutFile(seen, Original(seen.Path), place);
                    break;
                case ObservationKind.Exists when seen.Detail is ['f', ..]:
                    PutEmpty(seen, place);
                    break;
                case ObservationKind.Status or ObservationKind.Exists when seen.Detail is ['d', ..]:
                    MakeFolder(Original(seen.Path), place);
                    Files.SetPermissions(place, Convert.ToInt32(seen.Detail[1..].Split(' ')[0], 8));
                    break;
                case ObservationKind.Link:
                    Files.MakeDirectories(Files.Parent(place));
                    if (!Files.Look(place).Exists) Files.SymbolicLink(seen.Detail, place);
                    break;
                case ObservationKind.Listing:
                    MakeFolder(Original(seen.Path), place);
                    listings.Add(seen);
                    break;
            }
        }
        foreach (var listing in listings) FillListing(listing, Place(listing.Path));
    }

    private static void MakeFolder(string path, string place)
    {
        Files.MakeDirectories(place);
        if (Files.Look(path) is { Kind: FileKind.Directory } original) Files.SetPermissions(place, original.Permissions | 0x1C0);
    }

    /// <summary>What it holds was not looked at.</summary>
    private static void PutEmpty(in Observation seen, string place)
    {
        if (Files.Look(place).Exists) return;
        Files.MakeDirectories(Files.Parent(place));
        Files.Create(place, 0x1A4).Dispose();
        Files.SetPermissions(place, Convert.ToInt32(seen.Detail[1..].Split(' ')[0], 8));
    }

    private void PutFile(in Observation seen, string original, string place)
    {
        if (Files.Look(place).Exists) return;
        Files.MakeDirectories(Files.Parent(place));
        var permissions = Convert.ToInt32(seen.Detail[1..].Split(' ')[0], 8);
        if (seen.Digest != default && store.Has(seen.Digest))
        {
            store.Materialise(seen.Digest, place, permissions, modifiedNs: null);
            return;
        }
        // Large inputs are not kept: the one in the workspace will do while it has the same bytes.
        if (Files.Look(original).Kind != FileKind.File) throw new IOException($"{original} is gone, and its content {seen.Digest} is not in the store");
        if (StatusText.Snapshot(seen.Detail) is { Length: > 0 } identity && SnapshotIdentity.Of(original, Files.Look(original)) != identity) throw new IOException($"{original} is not the file of the snapshot {identity} any more");
        using var source = Files.OpenRead(original);
        if (seen.Digest != default && BlobStore.HashOf(source) != seen.Digest) throw new IOException($"{original} changed since, and its earlier content {seen.Digest} is not in the store");
        using (var copy = Files.Create(place, 0x1A4)) Files.CopyBytes(source, copy, place);
        Files.SetPermissions(place, permissions);
        Files.SetModified(place, Files.Look(original).ModifiedNs);
    }

    /// <summary>Names that were listed and never looked at: of them only the kind was seen.</summary>
    private void FillListing(in Observation listing, string place)
    {
        if (!store.Has(listing.Digest)) throw new IOException($"the listing of {listing.Path} is not in the store");
        foreach (var entry in ListingText.Read(store.ReadAll(listing.Digest)))
        {
            var path = $"{place}/{entry.Name}";
            if (Files.Look(path).Exists) continue;
            switch (entry.Kind)
            {
                case FileKind.Directory:
                    Files.MakeDirectory(path);
                    break;
                case FileKind.Link:
                    Files.SymbolicLink("unknown", path);
                    break;
                default:
                    Files.Create(path, 0x1A4).Dispose();
                    break;
            }
        }
    }
}
