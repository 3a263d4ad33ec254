using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>
/// This host: its catalogue, its own record in it, and its clones, in one folder (<c>VARVE_STATE</c>; for root
/// <c>/var/lib/varve</c>, for others <c>$XDG_STATE_HOME/varve</c>).
/// </summary>
/// <param name="folder">The folder.</param>
/// <param name="warn">Told of files that a snapshot could not take in, a line each.</param>
public sealed class LocalHost(string folder, Action<string>? warn = null)
{
    private const string CatalogueName = "catalogue.json", HostName = "host";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), Pause = TimeSpan.FromMilliseconds(20);
    private static readonly System.Buffers.SearchValues<char> NotInHosts = System.Buffers.SearchValues.Create(" \t\n\"/:"), NotInDatasets = System.Buffers.SearchValues.Create(" \t\n@:");
    private readonly BackEnds _backEnds = new(Host.Local, warn);

    /// <summary>The usual folder.</summary>
    public static string UsualFolder => Environment.GetEnvironmentVariable("VARVE_STATE") is { Length: > 0 } named ? Path.GetFullPath(named)
        : Environment.UserName == "root" ? "/var/lib/varve"
        : Environment.GetEnvironmentVariable("XDG_STATE_HOME") is ['/', ..] state ? state + "/varve"
        : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/.local/state/varve";

    /// <summary>The folder of all this.</summary>
    public string Folder => folder;

    /// <summary>Where clones keep what they need to go on.</summary>
    public string ClonesFolder => folder + "/clones";

    /// <summary>The name and the address by which this host is known; the machine's name when nobody said.</summary>
    public (string Name, string Address) Self
    {
        get
        {
            var file = $"{folder}/{HostName}";
            var lines = File.Exists(file) ? File.ReadAllLines(file) : [];
            return lines.Length > 1 ? (lines[0], lines[1]) : (Environment.MachineName, Environment.MachineName);
        }
        set
        {
            if (value.Name.Length == 0 || value.Name.AsSpan().ContainsAny(NotInHosts)) throw new SnapshotException($"'{value.Name}' is no name of a host");
            var before = Self.Name;
            WriteWhole($"{folder}/{HostName}", System.Text.Encoding.UTF8.GetBytes($"{value.Name}\n{value.Address}\n"));
            Update(c =>
            {
                var record = c.Hosts.GetValueOrDefault(before) ?? new HostRecord(before, "", 0, 0);
                if (before != value.Name && c.Hosts.ContainsKey(before)) c = c.With(record with { IsGone = true, Holdings = [], Version = record.Version + 1, At = Now() });
                return c.With(record with { Name = value.Name, Address = value.Address, Version = record.Version + 1, At = Now() });
            });
        }
    }

    /// <summary>The catalogue as this host knows it.</summary>
    /// <exception cref="SnapshotException">The file is damaged.</exception>
    public Catalogue Catalogue => File.Exists($"{folder}/{CatalogueName}") ? CatalogueText.Read(File.ReadAllBytes($"{folder}/{CatalogueName}"), $"{folder}/{CatalogueName}") : Catalogue.Empty;

    /// <summary>Changes the catalogue; one process at a time. What comes of it is written whole before this returns.</summary>
    public Catalogue Update(Func<Catalogue, Catalogue> change)
    {
        Directory.CreateDirectory(folder);
        using (Locked($"{folder}/{CatalogueName}.lock"))
        {
            var before = Catalogue;
            var after = change(before);
            var bytes = CatalogueText.Of(after);
            if (!bytes.AsSpan().SequenceEqual(CatalogueText.Of(before)) || !File.Exists($"{folder}/{CatalogueName}")) WriteWhole($"{folder}/{CatalogueName}", bytes);
            return after;
        }
    }

    /// <summary>The back end of a dataset on this host.</summary>
    public IVolumes VolumesOf(string at) => _backEnds.Of(at);

    /// <summary>Looks at what is here and writes it into the own record, when it is not so already.</summary>
    public Catalogue Refresh() => Update(c =>
    {
        var (name, address) = Self;
        var own = c.Hosts.GetValueOrDefault(name) ?? new HostRecord(name, address, 0, 0);
        var now = own with { Address = address, IsGone = false, Holdings = [.. own.Holdings.Select(Looked)] };
        return Same(own, now) && Now() - own.At < 60 ? c : c.With(now with { Version = own.Version + 1, At = Now() });
    });

    private static bool Same(HostRecord a, HostRecord b) =>
        CatalogueText.Of(Catalogue.Empty.With(a with { Holdings = [.. a.Holdings.Select(Settled)] })).AsSpan().SequenceEqual(CatalogueText.Of(Catalogue.Empty.With(b with { Holdings = [.. b.Holdings.Select(Settled)] })));

    // Free space changes with every breath, and is no news by itself.
    private static Holding Settled(Holding holding) => holding with { AvailableBytes = 0 };

    /// <summary>A holding as it is now; without snapshots when it is not there any more.</summary>
    public Holding Looked(Holding holding)
    {
        var volumes = VolumesOf(holding.At);
        if (volumes.Datasets(holding.At, recursive: false) is not [var dataset, ..]) return holding with { Snapshots = [], Count = 0, AvailableBytes = 0, FullPercent = 0 };
        var origins = CloneState.All(ClonesFolder).Where(s => s.Target == holding.At && s.IsDone).ToDictionary(static s => s.LocalName, static s => s.Guid, StringComparer.Ordinal);
        var all = volumes.Snapshots([holding.At]).Select(s => new HeldSnapshot(s.Name, origins.GetValueOrDefault(s.Name, s.Guid), s.CreatedAt)).ToList();
        return holding with
        {
            Snapshots = [.. all.TakeLast(Holding.MostSnapshots)],
            Count = all.Count,
            AvailableBytes = dataset.AvailableBytes,
            FullPercent = dataset.PoolPercent,
        };
    }

    /// <summary>Names what this host holds of a dataset.</summary>
    public Catalogue Claim(string dataset, string at)
    {
        if (dataset.Length == 0 || dataset[0] is '-' or '/' || dataset.AsSpan().ContainsAny(NotInDatasets)) throw new SnapshotException($"'{dataset}' is no name of a dataset; use letters, digits, '-', '_', '.' and '/'");
        if (VolumesOf(at).Datasets(at, recursive: false).Count == 0) throw new SnapshotException($"{at} does not exist");
        Change(own => own with { Holdings = [.. own.Holdings.Where(h => h.Dataset != dataset).Append(new Holding(dataset, at)).OrderBy(static h => h.Dataset, StringComparer.Ordinal)] });
        return Refresh();
    }

    /// <summary>Changes the own record.</summary>
    public Catalogue Change(Func<HostRecord, HostRecord> change) => Update(c =>
    {
        var (name, address) = Self;
        var own = c.Hosts.GetValueOrDefault(name) ?? new HostRecord(name, address, 0, 0);
        return c.With(change(own) with { Version = own.Version + 1, At = Now(), IsGone = false });
    });

    /// <summary>The files of a snapshot that this host holds.</summary>
    /// <exception cref="SnapshotException">It holds no such dataset or snapshot.</exception>
    public SnapshotFiles Files(string dataset, ulong guid)
    {
        var holding = Catalogue.Hosts.GetValueOrDefault(Self.Name)?.Of(dataset) ?? throw new SnapshotException($"{Self.Name} does not hold {dataset}");
        if (holding.IsLeaving) throw new SnapshotException($"{Self.Name} is about to drop {dataset}");
        var found = Looked(holding).Snapshots.FirstOrDefault(s => s.Guid == guid) ?? throw new SnapshotException($"{Self.Name} does not hold that snapshot of {dataset} any more");
        return SnapshotFiles.Open(VolumesOf(holding.At), holding.At, found.Name);
    }

    /// <summary>Now, in seconds since 1970 (UTC).</summary>
    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Holds a lock until it is disposed; it is gone with its process, however that ends.</summary>
    /// <exception cref="SnapshotException">Another process holds it for too long.</exception>
    internal static FileStream Locked(string file)
    {
        for (var started = System.Diagnostics.Stopwatch.GetTimestamp(); ;)
        {
            if (TryLock(file) is { } held) return held;
            if (System.Diagnostics.Stopwatch.GetElapsedTime(started) > Patience) throw new SnapshotException($"{file} is held by another varve for {Patience.TotalSeconds} s; see what it does, and try again");
            Thread.Sleep(Pause);
        }
    }

    /// <summary>The lock, or null when another process holds it.</summary>
    internal static FileStream? TryLock(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(file))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException($"{file} cannot be written: {e.Message}; VARVE_STATE names another folder", e);
        }
    }

    /// <summary>Puts a file in place whole, or not at all.</summary>
    internal static void WriteWhole(string file, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var temporary = $"{file}.{Environment.ProcessId}.tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, file, overwrite: true);
    }
}
