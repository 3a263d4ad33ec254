using System.Globalization;
using Varve.Linux;
using Varve.Store;

namespace Varve.Lineage;

/// <summary>What is to be collected.</summary>
public sealed record CollectionOptions
{
    /// <summary>Executions not run or reused for so long are forgotten; null for none.</summary>
    public TimeSpan? OlderThan { get; init; }
    /// <summary>Results are let go, the cheapest to compute again per byte first, until the store is no larger; null for none.</summary>
    public long? ToBytes { get; init; }
    /// <summary>Whether only to say what would be done.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What a collection did, or would do.</summary>
/// <param name="Forgotten">Executions that are not known any more.</param>
/// <param name="LetGo">Executions that are known, whose results would have to be computed again.</param>
/// <param name="SecondsLetGo">How long those took.</param>
/// <param name="Blobs">Blobs removed.</param>
/// <param name="Leftovers">Folders and files of crashed and of failed steps removed.</param>
/// <param name="BytesFreed">Bytes of all that was removed; bytes shared by reflink are free only when their last holder goes.</param>
/// <param name="BytesKept">Bytes of the blobs that are still there.</param>
public sealed record CollectionReport(int Forgotten, int LetGo, double SecondsLetGo, long Blobs, long Leftovers, long BytesFreed, long BytesKept);

/// <summary>
/// Frees space. Nothing that is pinned goes, nor what made it, nor a person's own file that was saved, nor anything of
/// a step that runs. See docs/store.md.
/// </summary>
internal sealed class Collection(VarveHome home, LineageDatabase lineage, BlobStore store)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), Fresh = TimeSpan.FromMinutes(10), KeepFailed = TimeSpan.FromDays(7), InUse = TimeSpan.FromHours(1);
    private long bytesFreed, leftovers;

    /// <summary>Collects.</summary>
    /// <exception cref="IOException">Steps are put in place all the time, so that there is no moment for it; or a file cannot be removed.</exception>
    public CollectionReport Run(CollectionOptions options)
    {
        using var alone = StoreLock.Alone(home, Patience) ?? throw new IOException("steps end all the time and use the store; collect when fewer run");
        // A file's time comes from a clock that ticks every few milliseconds.
        var now = DateTimeOffset.UtcNow + TimeSpan.FromMilliseconds(10);
        RemoveLeftovers(now, options);
        var references = References.Load(lineage);
        var pinned = ClosureOfPins(references);
        var forgotten = options.OlderThan is { } age ? references.Holders.Where(h => h.LastUsed < (now - age).ToUnixTimeMilliseconds() && !pinned.Contains(h.Number)).ToList() : [];
        if (!options.DryRun) Forget(forgotten);

        var kept = references.Holders.Except(forgotten).ToList();
        var counts = new Dictionary<Digest, int>();
        foreach (var holder in kept)
            foreach (var blob in references.BlobsOf(holder).Distinct()) counts[blob] = counts.GetValueOrDefault(blob) + 1;
        foreach (var blob in references.Pinned.Concat(references.Saved)) counts[blob] = counts.GetValueOrDefault(blob) + 1;

        var before = BeginningOfRunningSteps(now);
        var there = StoreListing.Blobs(home).ToDictionary(static b => b.Digest);
        var removed = there.Values.Where(b => !counts.ContainsKey(b.Digest) && b.PlacedNs < before).Select(static b => b.Digest).ToHashSet();
        // While somebody runs steps, what was just used may be about to be put in place.
        var unused = (HasRunningSteps() ? now - InUse : now).ToUnixTimeMilliseconds();
        var letGo = LetGo([.. kept.Where(h => !pinned.Contains(h.Number) && h.LastUsed < unused)], counts, there, removed, options.ToBytes);
        foreach (var digest in removed)
        {
            bytesFreed += there[digest].Bytes;
            if (!options.DryRun) Files.Remove(store.PathOf(digest));
        }
        if (!options.DryRun) new Fetches(lineage).ForgetLost(store.Has);
        var left = there.Values.Where(b => !removed.Contains(b.Digest)).Sum(static b => b.Bytes);
        return new CollectionReport(forgotten.Count(static h => h.Number >= 0), letGo.Count(static h => h.Number >= 0), letGo.Sum(static h => h.Seconds), removed.Count, leftovers, bytesFreed, left);
    }

    /// <summary>Results to let go: what takes least time per byte to have again goes first.</summary>
    private static List<Holder> LetGo(
        List<Holder> candidates, Dictionary<Digest, int> counts, Dictionary<Digest, StoredBlob> there, HashSet<Digest> removed, long? most)
    {
        var gone = new List<Holder>();
        if (most is not { } limit) return gone;
        var size = there.Values.Where(b => !removed.Contains(b.Digest)).Sum(static b => b.Bytes);
        long Own(Holder holder) => holder.Results.Where(r => there.ContainsKey(r)).Sum(r => there[r].Bytes);
        var order = candidates.Select(h => (Holder: h, Bytes: Own(h))).Where(static h => h.Bytes > 0)
            .OrderBy(static h => h.Holder.Seconds / h.Bytes).ThenBy(static h => h.Holder.LastUsed);
        foreach (var (holder, _) in order)
        {
            if (size <= limit) break;
            gone.Add(holder);
            foreach (var result in holder.Results)
            {
                if (!counts.TryGetValue(result, out var count)) continue;
                counts[result] = count - 1;
                if (count > 1 || !there.TryGetValue(result, out var blob) || !removed.Add(result)) continue;
                size -= blob.Bytes;
            }
        }
        return gone;
    }

    /// <summary>The executions that left a pinned content, those that left what they read, and so on.</summary>
    private HashSet<long> ClosureOfPins(References references) => lineage.Ask(() =>
    {
        var closure = new HashSet<long>();
        var open = new Stack<Digest>(references.Pinned);
        var seen = new HashSet<Digest>(open);
        while (open.TryPop(out var content))
        {
            foreach (var writer in Numbers("SELECT execution FROM writes WHERE digest = $1", content.Bytes.ToArray()))
            {
                if (!closure.Add(writer)) continue;
                using var row = lineage.Query("SELECT digest FROM reads WHERE execution = $1", writer);
                while (row.Read())
                    if (new Digest((byte[])row[0]) is var read && seen.Add(read)) open.Push(read);
            }
        }
        return closure;
    });

    private List<long> Numbers(string sql, params object?[] values)
    {
        var numbers = new List<long>();
        using var row = lineage.Query(sql, values);
        while (row.Read()) numbers.Add(row.GetInt64(0));
        return numbers;
    }

    private void Forget(List<Holder> holders)
    {
        if (holders.Count == 0) return;
        lineage.Ask(() =>
        {
            lineage.Run("BEGIN IMMEDIATE");
            try
            {
                foreach (var holder in holders)
                {
                    if (holder.Number < 0)
                    {
                        lineage.Run("DELETE FROM parts WHERE number = $1 AND used <= $2", -holder.Number, holder.LastUsed);
                        continue;
                    }
                    // Reused meanwhile by another process: then it is in use.
                    var used = (long)lineage.Scalar("SELECT coalesce(max(last), 0) FROM uses WHERE execution = $1", holder.Number)!;
                    if (used > holder.LastUsed) continue;
                    foreach (var table in (string[])["reads", "writes", "uses", "latest"]) lineage.Run($"DELETE FROM {table} WHERE execution = $1", holder.Number);
                    lineage.Run("DELETE FROM executions WHERE number = $1", holder.Number);
                }
                lineage.Run("DELETE FROM steps WHERE step NOT IN (SELECT step FROM executions)");
                lineage.Run("DELETE FROM sets WHERE digest NOT IN (SELECT host_set FROM executions UNION SELECT own_set FROM executions)");
                lineage.Run("COMMIT");
            }
            catch
            {
                lineage.Run("ROLLBACK");
                throw;
            }
            return 0;
        });
    }

    /// <summary>What was put into the store since the oldest running step began may be its own, and not yet recorded.</summary>
    private long BeginningOfRunningSteps(DateTimeOffset now)
    {
        var before = now.ToUnixTimeMilliseconds() * 1_000_000;
        foreach (var entry in Files.List(home.RunningFolder) ?? [])
            if (entry.Kind == FileKind.Directory) before = Math.Min(before, StartOf(entry.Name, $"{home.RunningFolder}/{entry.Name}"));
        return before;
    }

    private bool HasRunningSteps() => (Files.List(home.RunningFolder) ?? []).Any(e => e.Kind == FileKind.Directory && IsAlive($"{home.RunningFolder}/{e.Name}"));

    /// <summary>An execution's id begins with its start in milliseconds; another folder is as old as its last change.</summary>
    private static long StartOf(string name, string path) =>
        name.Length == 32 && long.TryParse(name.AsSpan(0, 12), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var milliseconds)
            ? milliseconds * 1_000_000 : Files.Look(path).ChangedNs;

    private void RemoveLeftovers(DateTimeOffset now, CollectionOptions options)
    {
        long Before(TimeSpan age) => (now - age).ToUnixTimeMilliseconds() * 1_000_000;
        foreach (var entry in Files.List(home.RunningFolder) ?? [])
        {
            var path = $"{home.RunningFolder}/{entry.Name}";
            if (entry.Kind == FileKind.Directory && Files.Look(path).ChangedNs < Before(Fresh) && !IsAlive(path)) RemoveFolder(path, options);
        }
        foreach (var folder in new[] { home.FailedFolder, home.FetchingFolder })
        {
            foreach (var entry in Files.List(folder) ?? [])
            {
                var path = $"{folder}/{entry.Name}";
                if (Files.Look(path).ChangedNs < Before(options.OlderThan ?? KeepFailed)) RemoveFolder(path, options);
            }
        }
        foreach (var path in StoreListing.Leftovers(home, Before(Fresh)).ToList()) RemoveFolder(path, options);
    }

    /// <summary>While a step's process lives it holds the lock in the step's folder.</summary>
    internal static unsafe bool IsAlive(string folder)
    {
        const int exclusiveWithoutWaiting = 6;
        fixed (byte* path = PathText.EncodeTerminated(folder + "/alive.lock"))
        {
            var descriptor = Libc.open(path, Libc.OReadWrite | Libc.OCloexec, 0);
            if (descriptor < 0) return false;
            var isFree = Libc.flock(descriptor, exclusiveWithoutWaiting) == 0;
            _ = Libc.close(descriptor);
            return !isFree;
        }
    }

    private void RemoveFolder(string path, CollectionOptions options)
    {
        leftovers++;
        bytesFreed += StoreListing.SizeOf(path).Bytes;
        if (!options.DryRun) Files.RemoveTree(path);
    }
}
