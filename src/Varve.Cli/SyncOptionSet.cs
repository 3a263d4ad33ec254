using System.CommandLine;
using System.Globalization;
using Varve.Snapshots.Replication;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary>The options of <c>varve sync</c>. Those of syncoid have syncoid's names and meaning; docs/replication.md says where the two differ.</summary>
internal sealed class SyncOptionSet
{
    private readonly Option<bool> recursive = Flag("Also the datasets below", "--recursive", "-r");
    private readonly Option<bool> skipParent = Flag("With --recursive: not the dataset itself", "--skip-parent");
    private readonly Option<string[]> excludeDatasets = Many("Leave out datasets that match (a regular expression)", "REGEX", "--exclude-datasets", "--exclude");
    private readonly Option<string[]> includeSnaps = Many("Send only snapshots that match", "REGEX", "--include-snaps");
    private readonly Option<string[]> excludeSnaps = Many("Send no snapshots that match", "REGEX", "--exclude-snaps");
    private readonly Option<bool> noStream = Flag("Send the newest snapshot only, not those between", "--no-stream");
    private readonly Option<bool> noSyncSnap = Flag("Take no snapshot, send what is there", "--no-sync-snap");
    private readonly Option<bool> keepSyncSnap = Flag("Keep sync snapshots that are not needed any more", "--keep-sync-snap");
    private readonly Option<string> identifier = Text("Stands in the names of sync snapshots and holds", "WORD", "--identifier");
    private readonly Option<bool> createBookmark = Flag("Leave a bookmark with the name of the newest snapshot", "--create-bookmark");
    private readonly Option<bool> noCursor = Flag("Leave no bookmark to go on from", "--no-cursor");
    private readonly Option<bool> useHold = Flag("Hold the newest common snapshot on both sides until the next sync", "--use-hold");
    private readonly Option<bool> rollback = Flag("Destroy what the target has and the source has not since the newest common snapshot", "--rollback");
    private readonly Option<bool> forceDelete = Flag("Destroy a target that has nothing in common with the source, and send everything", "--force-delete");
    private readonly Option<bool> deleteTargetSnapshots = Flag("Destroy snapshots of the target that the source does not have (any more)", "--delete-target-snapshots");
    private readonly Option<bool> preserveProperties = Flag("Also the properties of datasets", "--preserve-properties");
    private readonly Option<bool> preserveRecordsize = Flag("New datasets get the record size of the source", "--preserve-recordsize");
    private readonly Option<bool> plain = Flag("Decrypt encrypted datasets on the way", "--plain");
    private readonly Option<bool> plainAtRest = Flag("With --plain: also where the target does not encrypt them", "--plain-at-rest");
    private readonly Option<bool> acceptNewKey = Flag("Go on although the key or passphrase was changed at the source", "--accept-new-key");
    private readonly Option<bool> writable = Flag("Do not make new datasets at the target read-only", "--writable-target");
    private readonly Option<bool> noResume = Flag("Keep nothing of an interrupted transfer", "--no-resume");
    private readonly Option<string> sourceLimit = Text("Most bytes a second (k, m, g, t)", "RATE", "--source-bwlimit");
    private readonly Option<string> targetLimit = Text("The same", "RATE", "--target-bwlimit");
    private readonly Option<string> compress = Text("auto (where it pays), none, zstd-fast, zstd-slow, gzip, pigz-fast, pigz-slow, lz4, lzo, xz", "FORMAT", "--compress");
    private readonly Option<string> sendOptions = Text("Letters for zfs send, as syncoid takes them: w for raw, p for properties, ...", "LETTERS", "--sendoptions");
    private readonly Option<string> receiveOptions = Text("Letters and properties for zfs receive, as syncoid takes them: 'x PROPERTY o PROPERTY=VALUE'", "LETTERS", "--recvoptions");
    private readonly Option<string> sshKey = Text("A key for ssh", "FILE", "--sshkey");
    private readonly Option<string> sshPort = Text("The port of sshd", "PORT", "--sshport");
    private readonly Option<string> sshCipher = Text("The cipher for ssh", "CIPHER", "--sshcipher", "-c");
    private readonly Option<string> sshConfig = Text("A configuration file for ssh", "FILE", "--sshconfig");
    private readonly Option<string[]> sshOption = Many("An option for ssh, as -o takes it", "OPTION", "--sshoption", "-o");
    private readonly Option<bool> noElevation = Flag("No sudo on other hosts", "--no-privilege-elevation");
    private readonly Option<bool> debug = Flag("The same as --verbose", "--debug");
    private readonly Option<bool> dumpSnaps = Flag("List the snapshots of both sides", "--dumpsnaps");

    private static readonly string[] WithoutEffect = ["--no-rollback", "--no-clone-rollback", "--no-clone-handling", "--no-command-checks", "--monitor-version"];
    private static readonly string[] WordsWithoutEffect = ["--mbuffer-size", "--pv-options"];

    private static Option<bool> Flag(string description, string name, params string[] aliases) => new(name, aliases) { Description = description };

    private static Option<string> Text(string description, string word, string name, params string[] aliases) => new(name, aliases) { Description = description, HelpName = word };

    private static Option<string[]> Many(string description, string word, string name, params string[] aliases) => new(name, aliases) { Description = description, HelpName = word };

    public SyncOptionSet To(Command command)
    {
        foreach (var option in (Option[])[recursive, skipParent, excludeDatasets, includeSnaps, excludeSnaps, noStream, noSyncSnap, keepSyncSnap, identifier, createBookmark, noCursor, useHold, rollback, forceDelete,
            deleteTargetSnapshots, preserveProperties, preserveRecordsize, plain, plainAtRest, acceptNewKey, writable, noResume, sourceLimit, targetLimit, compress, sendOptions, receiveOptions, sshKey, sshPort, sshCipher, sshConfig,
            sshOption, noElevation, debug, dumpSnaps]) command.Add(option);
        foreach (var name in WithoutEffect) command.Add(new Option<bool>(name) { Description = "Of syncoid, without effect: Varve does not do it", Hidden = true });
        foreach (var name in WordsWithoutEffect) command.Add(new Option<string>(name) { Description = "Of syncoid, without effect: Varve has its own", Hidden = true });
        return this;
    }

    public bool DumpsSnapshots(ParseResult parsed) => parsed.GetValue(dumpSnaps) || parsed.GetValue(debug);

    public bool Elevates(ParseResult parsed) => !parsed.GetValue(noElevation);

    public SshOptions Ssh(ParseResult parsed)
    {
        var words = new List<string>();
        void Add(string letter, string? value)
        {
            if (value is { Length: > 0 }) words.AddRange([letter, value]);
        }
        Add("-F", parsed.GetValue(sshConfig) ?? SshOptions.UsualConfig);
        Add("-i", parsed.GetValue(sshKey));
        Add("-p", parsed.GetValue(sshPort));
        Add("-c", parsed.GetValue(sshCipher));
        foreach (var option in parsed.GetValue(sshOption) ?? []) Add("-o", option);
        return new SshOptions { Arguments = words };
    }

    public SyncOptions Of(ParseResult parsed)
    {
        var name = parsed.GetValue(identifier) ?? "";
        if (name.AsSpan().ContainsAnyExcept(InNames)) throw new UsageException($"--identifier {name}: only letters, digits, '-' and '.' can stand in the names of snapshots");
        var (raw, properties, sends) = SendLetters(parsed.GetValue(sendOptions) ?? "");
        if (raw && parsed.GetValue(plain)) throw new UsageException("--sendoptions=w asks for raw streams and --plain for others; say one of them");
        return new SyncOptions
        {
            Recursive = parsed.GetValue(recursive),
            SkipParent = parsed.GetValue(recursive) && parsed.GetValue(skipParent),
            ExcludeDatasets = parsed.GetValue(excludeDatasets) ?? [],
            IncludeSnapshots = parsed.GetValue(includeSnaps) ?? [],
            ExcludeSnapshots = parsed.GetValue(excludeSnaps) ?? [],
            Intermediates = !parsed.GetValue(noStream),
            SyncSnapshot = !parsed.GetValue(noSyncSnap),
            KeepSyncSnapshots = parsed.GetValue(keepSyncSnap),
            Identifier = name,
            NamedBookmark = parsed.GetValue(createBookmark),
            Cursor = !parsed.GetValue(noCursor),
            KeepHold = parsed.GetValue(useHold),
            Rollback = parsed.GetValue(rollback),
            ForceDelete = parsed.GetValue(forceDelete),
            DeleteTargetSnapshots = parsed.GetValue(deleteTargetSnapshots),
            Properties = properties || parsed.GetValue(preserveProperties),
            RecordSize = parsed.GetValue(preserveRecordsize),
            Plain = parsed.GetValue(plain),
            PlainAtRest = parsed.GetValue(plainAtRest),
            AcceptNewKey = parsed.GetValue(acceptNewKey),
            ReadOnlyTarget = !parsed.GetValue(writable),
            Resume = !parsed.GetValue(noResume),
            BytesPerSecond = Smaller(Rate(parsed.GetValue(sourceLimit)), Rate(parsed.GetValue(targetLimit))),
            Packing = PackingOf(parsed.GetValue(compress) ?? "auto"),
            SendMore = sends,
            ReceiveMore = ReceiveLetters(parsed.GetValue(receiveOptions) ?? ""),
        };
    }

    private static readonly System.Buffers.SearchValues<char> InNames = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

    private static long Smaller(long a, long b) => a == 0 ? b : b == 0 ? a : Math.Min(a, b);

    private static long Rate(string? text)
    {
        if (text is null or "") return 0;
        var unit = "kmgt".IndexOf(char.ToLowerInvariant(text[^1]), StringComparison.Ordinal);
        if (double.TryParse(unit < 0 ? text : text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0) return (long)(number * Math.Pow(1024, unit + 1));
        throw new UsageException($"'{text}' is no rate; write it as 500k, 10m or 1g (bytes a second)");
    }

    private static Packing? PackingOf(string format) => format switch
    {
        "auto" => null,
        "none" => Packing.None,
        // These have no program in common with every host; what they are chosen for is had the same way.
        "zstd" or "zstd-fast" or "lz4" or "lzo" => Packing.Zstd,
        "zstd-slow" or "xz" => Packing.ZstdSlow,
        "gzip" or "pigz-fast" or "pigz-slow" => Packing.Gzip,
        _ => throw new UsageException($"--compress {format}: say auto, none, zstd-fast, zstd-slow, gzip, pigz-fast, pigz-slow, lz4, lzo or xz"),
    };

    private static (bool Raw, bool Properties, IReadOnlyList<string> More) SendLetters(string letters)
    {
        var more = new List<string>();
        foreach (var letter in letters.Where(static l => l is not (' ' or '-')))
        {
            // -L, -e and -c are said anyway.
            if (letter is 'w' or 'p' or 'L' or 'e' or 'c' or 'v' or 'P') continue;
            if (letter is not ('D' or 'h' or 'b' or 's')) throw new UsageException($"--sendoptions: {letter} cannot be said; a sync says itself which datasets and snapshots go");
            more.Add($"-{letter}");
        }
        return (letters.Contains('w', StringComparison.Ordinal), letters.Contains('p', StringComparison.Ordinal), more);
    }

    private static List<string> ReceiveLetters(string text)
    {
        var more = new List<string>();
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < words.Length; i++)
        {
            var letters = words[i].TrimStart('-');
            if (letters.Contains('F', StringComparison.Ordinal)) throw new UsageException("--recvoptions: F destroys what the target has of its own; say --rollback when that is meant");
            foreach (var letter in letters.Where(static l => l is not ('u' or 's' or 'v')))
            {
                if (letter is not ('x' or 'o') || letter != letters[^1] || i + 1 == words.Length) throw new UsageException($"--recvoptions: '{words[i]}' cannot be said; it takes 'x PROPERTY' and 'o PROPERTY=VALUE'");
                more.AddRange([$"-{letter}", words[++i]]);
            }
        }
        return more;
    }
}
