using System.Globalization;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>How far a clone is; read by another thread.</summary>
public sealed class CloneProgress
{
    private long _bytes, _files;

    /// <summary>Bytes that came in this run.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Files that were put in place in this run.</summary>
    public long Files => Interlocked.Read(ref _files);

    /// <summary>When the first byte came; zero before.</summary>
    public TimeSpan FirstByte { get; internal set; }

    /// <summary>The host that it comes from.</summary>
    public string From { get; internal set; } = "";

    internal void Came(long bytes) => Interlocked.Add(ref _bytes, bytes);

    internal void Settled() => Interlocked.Increment(ref _files);
}

/// <summary>
/// Brings the files of a snapshot here from the hosts that hold it: from the nearest, and when it fails, from the next,
/// from the byte on that came last. What is in place is written down as it comes (<c>ID.done</c>), so that a run that was killed goes on,
/// and a file that a person has changed since is left alone.
/// </summary>
/// <param name="host">This host.</param>
/// <param name="ssh">How other hosts are reached.</param>
/// <param name="say">Told of hosts that fail, a line each.</param>
public sealed class CloneRun(LocalHost host, SshOptions ssh, Action<string> say)
{
    private const int MostFiles = 256, Piece = 1 << 20;
    private const long MostBytes = 64L << 20;
    private static readonly TimeSpan BetweenNotes = TimeSpan.FromSeconds(1);

    /// <summary>Brings what is missing: the paths wanted first, and unless only those are wanted, the rest; then takes the snapshot.</summary>
    /// <param name="state">The clone, as it was saved.</param>
    /// <param name="firstOnly">Stop when the paths wanted first are here.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Stops it; the same call goes on.</param>
    /// <exception cref="SnapshotException">No host that has it is left, or another process is at it.</exception>
    /// <exception cref="TargetException">It cannot be written here.</exception>
    public CloneState Run(CloneState state, bool firstOnly, CloneProgress progress, CancellationToken cancel)
    {
        Directory.CreateDirectory(host.ClonesFolder);
        using var held = LocalHost.TryLock(FileOf(state, "lock")) ?? throw new SnapshotException($"another process clones {state.Dataset} at present; `varve data status` shows how far it is");
        try
        {
            using var peers = new PeerChoice(host, ssh, state, say);
            var manifest = ManifestOf(state, peers);
            state = state with { Files = manifest.Rows.Count(static r => r.Kind == 'f'), Bytes = manifest.Rows.Sum(static r => r.Size), Trouble = "" };
            state = Fetch(state, manifest, firstOnly, peers, progress, cancel);
            if (!firstOnly && !state.OnlyFirst) state = Finish(state);
            return state;
        }
        catch (Exception e) when (e is SnapshotException or TargetException)
        {
            (Saved(state) with { Trouble = e.Message, At = LocalHost.Now() }).Save(host.ClonesFolder);
            throw;
        }
    }

    private CloneState Saved(CloneState state) => CloneState.All(host.ClonesFolder).FirstOrDefault(s => s.Id == state.Id) ?? state;

    private string FileOf(CloneState state, string ending) => $"{host.ClonesFolder}/{state.Id}.{ending}";

    /// <summary>What the snapshot holds: kept, so that all hosts are held to what the first one said.</summary>
    private Manifest ManifestOf(CloneState state, PeerChoice peers)
    {
        var kept = FileOf(state, "manifest");
        if (File.Exists(kept)) return Manifest.Read(File.ReadAllBytes(kept));
        while (true)
        {
            var peer = peers.Nearest();
            try
            {
                var manifest = peer.List(state.Dataset, state.Guid);
                LocalHost.WriteWhole(kept, manifest.Bytes);
                return manifest;
            }
            catch (SnapshotException e)
            {
                peers.Failed(e.Message);
            }
        }
    }

    private CloneState Fetch(CloneState state, Manifest manifest, bool firstOnly, PeerChoice peers, CloneProgress progress, CancellationToken cancel)
    {
        var rows = manifest.Rows;
        var done = DoneOf(state, rows.Count);
        IReadOnlyList<byte[]> first = [.. state.First.Select(System.Text.Encoding.UTF8.GetBytes)];
        var isFirst = rows.Select(r => first.Count == 0 || Manifest.IsWanted(r, first)).ToArray();
        if (first.Count > 0 && state.First.FirstOrDefault(p => !rows.Any(r => Manifest.IsWanted(r, [System.Text.Encoding.UTF8.GetBytes(p)]) && (r.Kind != 'd' || r.Path.Length >= System.Text.Encoding.UTF8.GetByteCount(p)))) is { } missing)
            throw new SnapshotException($"{state.Dataset}@{state.LocalName} has no '{missing}'");
        var all = !firstOnly && !state.OnlyFirst;
        using var target = new CloneTarget(state.Folder);
        using var notes = new StreamWriter(new FileStream(FileOf(state, "done"), FileMode.Append, FileAccess.Write));
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var noted = started;
        void Note(int number)
        {
            done[number] = true;
            notes.Write(number.ToString(CultureInfo.InvariantCulture) + "\n");
            if (System.Diagnostics.Stopwatch.GetElapsedTime(noted) < BetweenNotes) return;
            noted = System.Diagnostics.Stopwatch.GetTimestamp();
            notes.Flush();
            (state = Counted(state, rows, done) with { From = progress.From }).Save(host.ClonesFolder);
        }

        var open = new List<int>();
        foreach (var pass in all && first.Count > 0 ? (bool[])[true, false] : [true])
        {
            for (var i = 0; i < rows.Count; i++)
            {
                if (done[i] || !(all && !pass ? !isFirst[i] : isFirst[i])) continue;
                if (rows[i].Kind == 'd') target.MakeDirectory(rows[i]);
                else if (rows[i].Kind == 'l') target.MakeLink(rows[i]);
                else if (!target.IsThere(rows[i]))
                {
                    if (target.IsTaken(rows[i])) throw new SnapshotException($"{state.Folder}/{rows[i].Shown} stands there already and is another file; move it away, or clone to another folder");
                    open.Add(i);
                    continue;
                }
                Note(i);
            }
        }
        for (var at = 0; at < open.Count;)
        {
            var batch = new List<int>();
            for (long bytes = 0; at + batch.Count < open.Count && batch.Count < MostFiles && (batch.Count == 0 || bytes + rows[open[at + batch.Count]].Size <= MostBytes); bytes += rows[open[at + batch.Count - 1]].Size) batch.Add(open[at + batch.Count]);
            var peer = peers.Nearest();
            progress.From = peer.Peer.Name;
            try
            {
                peers.Agree(peer, manifest.Digest);
                Get(peer, state, rows, batch, target, progress, started, Note, cancel);
                at += batch.Count;
            }
            catch (SnapshotException e)
            {
                peers.Failed(e.Message);
                at += batch.TakeWhile(n => done[n]).Count();
            }
        }
        notes.Flush();
        // All is here: what a person may do with the directories is as it was.
        if (all) target.Finish(rows.Where(static r => r.Kind == 'd'));
        state = Counted(state, rows, done) with { From = progress.From };
        state.Save(host.ClonesFolder);
        return state;
    }

    private static void Get(PeerSession peer, CloneState state, IReadOnlyList<FileRow> rows, List<int> batch, CloneTarget target, CloneProgress progress, long started, Action<int> note, CancellationToken cancel)
    {
        var buffer = new byte[Piece];
        var offsets = batch.Select(n => target.Come(rows[n], n)).ToArray();
        peer.Get(state.Dataset, state.Guid, [.. batch.Select((n, i) => (rows[n].Path, offsets[i]))], (i, length, reader) =>
        {
            var (number, row, offset) = (batch[i], rows[batch[i]], offsets[i]);
            if (offset + length != row.Size) throw new SnapshotException($"{peer.Peer.Name} has {row.Shown} with another size than it said");
            if (progress.FirstByte == default) progress.FirstByte = System.Diagnostics.Stopwatch.GetElapsedTime(started);
            using (var file = target.Open(row, number, offset))
            {
                for (var left = length; left > 0;)
                {
                    cancel.ThrowIfCancellationRequested();
                    var count = reader.Some(buffer.AsSpan(0, (int)Math.Min(buffer.Length, left)));
                    target.Write(file, buffer.AsSpan(0, count), offset);
                    (offset, left) = (offset + count, left - count);
                    progress.Came(count);
                }
            }
            target.Settle(row, number);
            progress.Settled();
            note(number);
        });
    }

    private bool[] DoneOf(CloneState state, int rows)
    {
        var done = new bool[rows];
        if (!File.Exists(FileOf(state, "done"))) return done;
        var text = File.ReadAllText(FileOf(state, "done"));
        // A last line that a crash cut may be another number: it does not count.
        if (text.LastIndexOf('\n') is var end && end + 1 < text.Length)
        {
            text = text[..(end + 1)];
            LocalHost.WriteWhole(FileOf(state, "done"), System.Text.Encoding.ASCII.GetBytes(text));
        }
        foreach (var line in text.Split('\n'))
            if (int.TryParse(line, CultureInfo.InvariantCulture, out var number) && number < rows) done[number] = true;
        return done;
    }

    private static CloneState Counted(CloneState state, IReadOnlyList<FileRow> rows, bool[] done)
    {
        long files = 0, bytes = 0;
        for (var i = 0; i < done.Length; i++)
            if (done[i] && rows[i].Kind == 'f') (files, bytes) = (files + 1, bytes + rows[i].Size);
        return state with { FilesDone = files, BytesDone = bytes, At = LocalHost.Now() };
    }

    /// <summary>Takes the snapshot by which this host holds the dataset, and says so in the catalogue.</summary>
    private CloneState Finish(CloneState state)
    {
        var volumes = host.VolumesOf(state.Target);
        if (!volumes.Snapshots([state.Target]).Any(s => s.Name == state.LocalName)) volumes.Take([(state.Target, state.LocalName)], children: false);
        state = state with { IsDone = true, At = LocalHost.Now() };
        state.Save(host.ClonesFolder);
        File.Delete(FileOf(state, "done"));
        host.Claim(state.Dataset, state.Target);
        return state;
    }
}
