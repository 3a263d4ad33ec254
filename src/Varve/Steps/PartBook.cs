using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>Keeps the parts of steps, and finds those that hold.</summary>
internal sealed class PartBook(PartShelf shelf, BlobStore store, StateCheck state, StepKey step, bool keepsShort) : IPartBook
{
    /// <inheritdoc/>
    public bool KeepsShort => keepsShort;

    /// <inheritdoc/>
    public bool KnowsSome(PartKey key) => shelf.KnowsSome(KeyOf(key with { Input = default }).Id());

    /// <inheritdoc/>
    public KnownPart? Find(PartKey key, Func<string, string> outside)
    {
        var known = shelf.Known(KeyOf(key).Id());
        var own = new OwnTraces([.. known.Select(static k => k.Trace)]);
        var places = new Places(outside);
        foreach (var (number, trace) in known)
        {
            if (state.FirstMismatch(trace, places, own, static _ => false) is not null || !HasItsBytes(trace)) continue;
            shelf.Use(number);
            return new KnownPart(trace.Observations, trace.Changes, trace.Effects, trace.Programs, trace.Transcript == default ? [] : store.ReadAll(trace.Transcript), trace.Input.Bytes, trace.Elapsed);
        }
        return null;
    }

    private bool HasItsBytes(Trace trace) =>
        (trace.Transcript == default || store.Has(trace.Transcript)) && trace.Changes.All(c => c.Kind != ChangeKind.File || store.Has(c.Digest));

    /// <inheritdoc/>
    public void PutInPlace(KnownPart part, Func<string, string> through)
    {
        foreach (var change in part.Changes)
        {
            var path = through(change.Path);
            switch (change.Kind)
            {
                case ChangeKind.Deleted:
                    if (Files.Look(path).Exists) Files.Remove(path);
                    break;
                case ChangeKind.Directory:
                    Files.MakeDirectory(path);
                    Files.SetPermissions(path, change.Permissions);
                    break;
                case ChangeKind.Link:
                    if (Files.Look(path).Exists) Files.Remove(path);
                    Files.SymbolicLink(change.Target, path);
                    break;
                default:
                    store.Materialise(change.Digest, path, change.Permissions, modifiedNs: null);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public bool Keep(PartRecord record)
    {
        foreach (var item in record.Changes)
            if (item.Change.Kind == ChangeKind.File && !store.Has(item.Change.Digest) && store.PutFile(item.ReadFrom) != item.Change.Digest) return false;
        shelf.Add(KeyOf(record.Key with { Input = default }).Id(), KeyOf(record.Key).Id(), new Trace
        {
            Execution = "",
            Key = KeyOf(record.Key),
            Step = default,
            Observations = record.Observations,
            Changes = [.. record.Changes.Select(static c => c.Change)],
            Effects = record.Effects,
            Programs = record.Programs,
            Transcript = record.Said.Length == 0 ? default : store.PutBytes(record.Said),
            Input = record.InputPosition == 0 ? StandardInput.None : new StandardInput(StandardInput.Part, default, record.InputPosition, ReachedEnd: false),
            ExitCode = 0,
            StartedAt = record.StartedAt,
            Elapsed = record.Elapsed,
            Processor = TimeSpan.Zero,
            PeakBytes = 0,
        });
        return true;
    }

    /// <summary>A part is a step of its own whose streams are part of the key.</summary>
    private StepKey KeyOf(PartKey key) => new()
    {
        Command = [key.Program, .. key.Arguments],
        Directory = key.Directory,
        Workspace = step.Workspace,
        Environment = step.Environment,
        Variables = [.. key.Variables.Select(static v => KeyValuePair.Create(v, ""))],
        Options = ["part", key.Streams, .. step.Options, .. key.Input == default ? (string[])[] : [$"input={key.Input}"]],
    };
}
