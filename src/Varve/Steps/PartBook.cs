using Microsoft.Data.Sqlite;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>Keeps the parts of steps, and finds those that hold.</summary>
internal sealed class PartBook(VarveHome home, PartShelf shelf, BlobStore store, StateCheck state, StepKey step, bool keepsShort) : IPartBook
{
    /// <summary>How many times the size of a part's files must be free for them to be kept.</summary>
    private const int RoomLeft = 4;

    /// <inheritdoc/>
    public bool KeepsShort => keepsShort;

    /// <inheritdoc/>
    public bool KnowsSome(PartKey key) => Ask(() => shelf.KnowsSome(KeyOf(key with { Input = default }).Id()));

    /// <inheritdoc/>
    public KnownPart? Find(PartKey key, Func<string, string> outside) => Ask(() => Known(key, outside));

    private KnownPart? Known(PartKey key, Func<string, string> outside)
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
        // All copies first: after the first rename nothing may fail.
        var copies = new Dictionary<string, string>(StringComparer.Ordinal);
        var folders = new Stack<string>();
        try
        {
            foreach (var change in part.Changes)
            {
                var path = through(change.Path);
                if (change.Kind == ChangeKind.File) copies[change.Path] = store.CopyBeside(change.Digest, path, change.Permissions, modifiedNs: null);
                if (change.Kind != ChangeKind.Directory) continue;
                Files.MakeDirectory(path);
                folders.Push(path);
            }
        }
        catch (Exception e) when (e is IOException or DamagedStoreException)
        {
            foreach (var copy in copies.Values) Files.Remove(copy);
            while (folders.TryPop(out var folder)) Files.RemoveDirectory(folder);
            throw new IOException($"what is known of it could not be put in place: {e.Message}", e);
        }
        foreach (var change in part.Changes)
        {
            var path = through(change.Path);
            switch (change.Kind)
            {
                case ChangeKind.Deleted:
                    if (Files.Look(path).Exists) Files.Remove(path);
                    break;
                case ChangeKind.Directory:
                    Files.SetPermissions(path, change.Permissions);
                    break;
                case ChangeKind.Link:
                    if (Files.Look(path).Exists) Files.Remove(path);
                    Files.SymbolicLink(change.Target, path);
                    break;
                default:
                    Files.Rename(copies[change.Path], path);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public bool Keep(PartRecord record) => Ask(() => IsKept(record));

    private bool IsKept(PartRecord record)
    {
        // The whole step's result needs room too, and comes first.
        if ((record.Said.Length + record.Changes.Sum(static c => c.Change.Bytes)) * RoomLeft > Files.FileSystem(home.Folder)?.FreeBytes) return false;
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

    /// <summary>A step does not fail for what could have spared some of it: the database tells of its own damage when the step is looked up.</summary>
    private static T? Ask<T>(Func<T> question)
    {
        try
        {
            return question();
        }
        catch (Exception e) when (e is SqliteException or DamagedLineageException or DamagedStoreException)
        {
            return default;
        }
    }

    /// <summary>A part is a step of its own whose streams are part of the key.</summary>
    private StepKey KeyOf(PartKey key) => new()
    {
        Command = [key.Program, .. key.Arguments],
        Directory = key.Directory,
        Workspace = step.Workspace,
        Environment = step.Environment,
        Variables = [.. key.Variables.Select(static v => KeyValuePair.Create(v, ""))],
        Options = ["part", key.Streams, .. step.Options, $"occurrence={key.Occurrence}", .. key.Input == default ? (string[])[] : [$"input={key.Input}"]],
    };
}
