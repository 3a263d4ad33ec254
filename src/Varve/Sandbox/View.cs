using System.Globalization;
using Varve.Linux;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>What a path inside a step belongs to.</summary>
internal enum Zone : byte
{
    /// <summary>A file of the host or the workspace: observed.</summary>
    Observed,
    /// <summary>The step's own: empty at its start and gone at its end (/tmp, HOME, /run).</summary>
    Private,
    /// <summary>Part of an environment's root file system, whose identity is in the step's key.</summary>
    Environment,
    /// <summary>/proc and /sys: facts of the host.</summary>
    Kernel,
    /// <summary>/dev.</summary>
    Device,
}

/// <summary>
/// The file system a step sees: the mount instructions that `varve-launch` follows, and the way back from a path
/// inside to the path on the host that it shows.
/// </summary>
internal sealed class View
{
    /// <summary>The step's home folder, empty at its start.</summary>
    public const string Home = "/varve/home";
    /// <summary>A file that is there only inside a step; it holds the execution's id.</summary>
    public const string InsideMarker = "/varve/step";
    /// <summary>The name of the user and the host inside.</summary>
    public const string UserName = "varve";
    /// <summary>The number an ordinary user has inside.</summary>
    public const int UserNumber = 1000;

    private const string Resolver = "/run/systemd/resolve";
    private static readonly string[] Devices = ["null", "zero", "full", "random", "urandom", "tty"];
    private readonly List<string> instructions = [];
    private readonly List<(string Prefix, Zone Zone, string Outside)> places = [];
    private readonly bool privileged;
    private int seenBy;

    private View(bool privileged) => this.privileged = privileged;

    /// <summary>Instructions in the order in which they are carried out; see native/view.c.</summary>
    public IReadOnlyList<string> Instructions => instructions;

    /// <summary>The upper layer of each writable folder, one that lies in another before it.</summary>
    public List<(WritableFolder Folder, string Upper)> Uppers { get; } = [];

    public static View Of(SandboxRequest request, bool privileged)
    {
        var view = new View(privileged);
        if (request.RootLayers.Count == 0) view.AddHost();
        else view.AddRoot(request);
        view.AddOwnFolders(request);
        if (request.RootLayers.Count == 0) view.AddAccounts(request.Scratch);
        if (request.Proxy is { } proxy) view.AddAuthority(request, proxy);
        // One may lie in another: the outer is mounted first, and a path belongs to the inner.
        foreach (var i in Enumerable.Range(0, request.Writable.Count).OrderBy(i => request.Writable[i].Inside.Length)) view.AddWritable(request, i);
        view.Uppers.Reverse();
        foreach (var (inside, outside) in request.Binds)
        {
            view.Add("bind", outside, inside, "ro");
            view.Place(inside, Zone.Observed, outside);
        }
        foreach (var hidden in request.Hidden)
        {
            view.Add("empty", hidden);
            view.Place(hidden, Zone.Private, "");
        }
        if (!request.RootWritable) view.Add("close", "/");
        view.places.Sort(static (a, b) => b.Prefix.Length.CompareTo(a.Prefix.Length));
        return view;
    }

    /// <summary>Which zone a path belongs to, and what path on the host it shows (empty where it shows none).</summary>
    public Zone Locate(string inside, out string outside)
    {
        foreach (var (prefix, zone, place) in places)
        {
            if (!IsWithin(inside, prefix)) continue;
            outside = zone != Zone.Observed ? "" : prefix.Length == 1 ? (place.Length == 1 ? inside : place + inside) : place + inside[prefix.Length..];
            if (seenBy != 0 && zone == Zone.Observed && IsWritable(inside)) outside = Layered(seenBy, inside, outside);
            return zone;
        }
        outside = inside;
        return Zone.Observed;
    }

    /// <summary>
    /// The view as a process of the step has it now: what the step wrote so far, also in the folders of its own, stands
    /// where the process sees it.
    /// </summary>
    public View AsSeenBy(int process)
    {
        var seen = new View(privileged) { seenBy = process };
        seen.Uppers.AddRange(Uppers);
        foreach (var (prefix, zone, outside) in places) seen.places.Add(zone == Zone.Private && IsOwnFolder(prefix) ? (prefix, Zone.Observed, Through(process, prefix)) : (prefix, zone, outside));
        return seen;
    }

    /// <summary>Folders that are empty at the start, in which a step keeps what it likes.</summary>
    private static bool IsOwnFolder(string prefix) => prefix is "/tmp" or "/var/tmp" or Home or "/dev/shm" or "/run";

    /// <summary>The path on the host by which one reaches, in the mounts of a process of the step, what stands at a path without links.</summary>
    public static string Through(int process, string inside) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/root{inside}");

    /// <summary>Where the host finds what a process of the step sees at a path without links.</summary>
    public string Seen(int process, string inside)
    {
        var zone = Locate(inside, out var outside);
        if (zone == Zone.Private) return Through(process, inside);
        return zone == Zone.Observed && IsWritable(inside) ? Layered(process, inside, outside) : outside.Length > 0 ? outside : Through(process, inside);
    }

    /// <summary>Files by the layer they lie in, which they keep while others come and go; all else as it is laid together.</summary>
    private string Layered(int process, string inside, string outside)
    {
        var through = Through(process, inside);
        if (Files.Look(through).Kind != FileKind.File) return through;
        foreach (var (folder, upper) in Uppers)
        {
            if (!IsWithin(inside, folder.Inside)) continue;
            var layer = folder.Inside.Length == 1 ? upper + inside : upper + inside[folder.Inside.Length..];
            return Files.Look(layer).Kind == FileKind.File ? layer : Files.Look(outside).Kind == FileKind.File ? outside : through;
        }
        return through;
    }

    /// <summary>Whether a step may write there.</summary>
    public bool IsWritable(string inside) => Uppers.Exists(u => IsWithin(inside, u.Folder.Inside));

    /// <summary>Whether a device tells a step nothing of the host.</summary>
    public static bool IsOrdinaryDevice(string path) =>
        path is "/dev" or "/dev/null" or "/dev/zero" or "/dev/full" or "/dev/tty" or "/dev/ptmx" or "/dev/shm" or "/dev/fd"
        || path.StartsWith("/dev/pts", StringComparison.Ordinal) || path.StartsWith("/dev/std", StringComparison.Ordinal)
        || path.StartsWith("/dev/fd/", StringComparison.Ordinal);

    /// <summary>Whether a path is the folder or lies below it.</summary>
    public static bool IsWithin(string path, string folder) =>
        folder.Length == 1 || (path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/'));

    private void Add(params ReadOnlySpan<string> words) => instructions.AddRange(words);

    private void Place(string prefix, Zone zone, string outside) => places.Add((prefix, zone, outside));

    private void AddHost()
    {
        Add("tmpfs", "/", "mode=755");
        foreach (var entry in Files.List("/") ?? [])
        {
            var path = "/" + entry.Name;
            if (path is "/proc" or "/sys" or "/dev" or "/run" or "/tmp" or "/varve") continue;
            if (entry.Kind == FileKind.Link) Add("link", Files.LinkTarget(path) ?? "", path);
            else if (entry.Kind is FileKind.Directory or FileKind.File) Add("bind", path, path, "ro");
        }
        Place("/", Zone.Observed, "/");
    }

    private void AddRoot(SandboxRequest request)
    {
        var upper = AddOverlay(request, "root", request.RootLayers, "/");
        // One folder can be looked at from outside, file by file; a stack of layers goes by its identity in the key.
        if (request.RootLayers.Count == 1) Place("/", Zone.Observed, request.RootLayers[0]);
        else Place("/", Zone.Environment, "");
        if (request.RootWritable) Uppers.Add((new WritableFolder("/", request.RootLayers[0]), upper));
    }

    private void AddOwnFolders(SandboxRequest request)
    {
        var scratch = request.Scratch;
        foreach (var (name, inside, mode) in new[] { ("tmp", "/tmp", 0x3FF), ("vartmp", "/var/tmp", 0x3FF), ("home", Home, 0x1C0), ("shell", request.Exchange ?? "", 0x1C0) })
        {
            // A shell's commands share these folders; then they are laid over like the workspace.
            if (inside.Length == 0 || request.Writable.Any(w => w.Inside == inside)) continue;
            var folder = $"{scratch}/{name}";
            Files.MakeDirectory(folder);
            Files.SetPermissions(folder, mode);
            Add("bind", folder, inside, "rw");
            Place(inside, Zone.Private, "");
        }
        File.WriteAllText(scratch + "/inside", Path.GetFileName(scratch));
        Add("bind", scratch + "/inside", InsideMarker, "ro");
        Place("/varve", Zone.Private, "");
        // The libraries found through the linker's cache are observed; the cache itself changes with every unrelated one.
        Place("/etc/ld.so.cache", Zone.Private, "");
        Add("tmpfs", "/run", "mode=755");
        Place("/run", Zone.Private, "");
        // Where systemd keeps what /etc/resolv.conf points to; without it an open network has no names.
        if (request.Network == StepNetwork.Open && Files.Look(Resolver).Kind == FileKind.Directory) Add("bind", Resolver, Resolver, "ro");
        Add("proc", "/proc");
        Place("/proc", Zone.Kernel, "");
        if (request.Strict is { } terms) AddMachine(scratch, terms);
        else Add("bind", "/sys", "/sys", "ro");
        Place("/sys", Zone.Kernel, "");
        Add("tmpfs", "/dev", "mode=755");
        Place("/dev", Zone.Device, "");
        foreach (var device in Devices) Add("device", "/dev/" + device, "/dev/" + device);
        Add("link", "/proc/self/fd", "/dev/fd");
        Add("link", "/proc/self/fd/0", "/dev/stdin");
        Add("link", "/proc/self/fd/1", "/dev/stdout");
        Add("link", "/proc/self/fd/2", "/dev/stderr");
        Add("link", "pts/ptmx", "/dev/ptmx");
        Add("terminals", "/dev/pts");
        Add("tmpfs", "/dev/shm", "mode=1777");
        Place("/dev/shm", Zone.Private, "");
    }

    /// <summary>Covers what /proc and /sys say of the machine by what they say of the one that every strict step has.</summary>
    private void AddMachine(string scratch, StrictTerms terms)
    {
        Lay($"{scratch}/proc", HostFacts.ProcFiles(terms));
        Lay($"{scratch}/sys", HostFacts.SysFiles);
        Add("bind", $"{scratch}/sys", "/sys", "ro");
        Files.MakeDirectory($"{scratch}/nothing");
        File.WriteAllText($"{scratch}/empty", "");
        foreach (var entry in Files.List("/proc") ?? [])
        {
            if (HostFacts.IsOfProcesses(entry.Name) || entry.Kind == FileKind.Link) continue;
            var own = $"{scratch}/proc/{entry.Name}";
            Add("bind", Files.Look(own).Exists ? own : entry.Kind == FileKind.Directory ? $"{scratch}/nothing" : $"{scratch}/empty", "/proc/" + entry.Name, "ro");
        }
    }

    private static void Lay(string folder, IReadOnlyDictionary<string, string> files)
    {
        foreach (var (name, text) in files)
        {
            var path = $"{folder}/{name}";
            Files.MakeDirectories(Files.Parent(path));
            File.WriteAllText(path, text);
        }
    }

    private void AddAccounts(string scratch)
    {
        foreach (var (name, text) in AccountFiles())
        {
            var path = $"{scratch}/{name}";
            File.WriteAllText(path, text);
            Add("bind", path, "/etc/" + name, "ro");
            Place("/etc/" + name, Zone.Private, "");
        }
    }

    /// <summary>The same people on every host, so that a step's result does not depend on who works there.</summary>
    private static IEnumerable<(string Name, string Text)> AccountFiles()
    {
        var number = UserNumber.ToString(CultureInfo.InvariantCulture);
        yield return ("passwd", $"root:x:0:0:root:{Home}:/bin/sh\n{UserName}:x:{number}:{number}:{UserName}:{Home}:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
        yield return ("group", $"root:x:0:\n{UserName}:x:{number}:\nnogroup:x:65534:\n");
    }

    /// <summary>Shows whom to trust, also where programs look that follow no variable (Debian's place for all certificates).</summary>
    private void AddAuthority(SandboxRequest request, ProxyDoor proxy)
    {
        const string bundle = "/etc/ssl/certs/ca-certificates.crt";
        var file = $"{request.Scratch}/authority.pem";
        File.WriteAllText(file, proxy.Authority);
        Add("bind", file, ProxyDoor.AuthorityFile, "ro");
        var roots = request.RootLayers.Count == 0 ? [""] : request.RootLayers;
        if (request.RootWritable || !roots.Any(static r => Files.Look(r + bundle).Kind == FileKind.File)) return;
        Add("bind", file, bundle, "ro");
        Place(bundle, Zone.Private, "");
    }

    private void AddWritable(SandboxRequest request, int index)
    {
        var folder = request.Writable[index];
        var upper = AddOverlay(request, $"w{index}", [folder.Outside], folder.Inside);
        Place(folder.Inside, Zone.Observed, folder.Outside);
        Uppers.Add((folder, upper));
        // An overlay does not reach below a mount point: what is mounted inside the folder is shown as it is, read-only.
        foreach (var mount in MountsBelow(folder.Outside))
        {
            if (!privileged)
                throw new SandboxException(
                    $"{mount} is mounted inside the writable folder {folder.Outside}, and the kernel lays no overlay over that for an ordinary user; unmount it, or work in a folder that holds no mount (cd)");
            Add("bind", mount, folder.Inside + mount[folder.Outside.Length..], "ro");
        }
    }

    private string AddOverlay(SandboxRequest request, string name, IReadOnlyList<string> lower, string inside)
    {
        var upper = $"{request.Scratch}/{name}/upper";
        var work = $"{request.Scratch}/{name}/work";
        Directory.CreateDirectory(upper);
        Directory.CreateDirectory(work);
        // The upper layer's own folder stands for the folder itself: it must look like it.
        var stamp = Files.Look(lower[0]);
        if (stamp.Exists) Files.SetPermissions(upper, stamp.Permissions | 0x1C0);
        var options = $"lowerdir={string.Join(':', lower.Select(Escape))},upperdir={Escape(upper)},workdir={Escape(work)},index=off,metacopy=off"
            + (privileged ? ",redirect_dir=off" : ",userxattr");
        Add("overlay", options, inside);
        return upper;
    }

    private static string Escape(string path) =>
        path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);

    private static IEnumerable<string> MountsBelow(string folder)
    {
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var path = Unescape(line.Split(' ')[4]);
            if (path.Length > folder.Length && IsWithin(path, folder)) yield return path;
        }
    }

    /// <summary>mountinfo writes space, tab, newline and backslash as three octal digits.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal)) return text;
        var result = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 3 >= text.Length) result.Append(text[i]);
            else
            {
                result.Append((char)Convert.ToInt32(text.Substring(i + 1, 3), 8));
                i += 3;
            }
        }
        return result.ToString();
    }
}
