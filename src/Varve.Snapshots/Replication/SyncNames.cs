using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Replication;

/// <summary>Names that a sync gives: to its snapshots, to its holds, and to the bookmarks from which it goes on.</summary>
internal static partial class SyncNames
{
    private const string SnapshotPrefix = "varve-sync_", HoldPrefix = "varve-sync", CursorPrefix = "varve-cursor";

    [GeneratedRegex(@"^varve-sync_.+_\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex SnapshotName();

    /// <summary><c>varve-sync_[IDENTIFIER_]HOST_2026-03-29T01:00:00.000Z</c>.</summary>
    public static string Snapshot(string identifier, DateTimeOffset now) =>
        $"{Begin(identifier)}{now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}";

    /// <summary>Whether a sync took this snapshot on some host.</summary>
    public static bool IsSyncSnapshot(Snapshot snapshot) => SnapshotName().IsMatch(snapshot.Name);

    /// <summary>Whether a sync of this host with this identifier took it.</summary>
    public static bool IsOurs(Snapshot snapshot, string identifier) =>
        IsSyncSnapshot(snapshot) && snapshot.Name.StartsWith(Begin(identifier), StringComparison.Ordinal) && !snapshot.Name.AsSpan(Begin(identifier).Length).Contains('_');

    private static string Begin(string identifier) => $"{SnapshotPrefix}{(identifier.Length > 0 ? identifier + "_" : "")}{Environment.MachineName}_";

    /// <summary>The tag of the holds that a transfer needs; one for each peer.</summary>
    public static string Hold(string identifier, string peer) => $"{HoldPrefix}{Tail(identifier, peer)}";

    /// <summary>The tag of the hold that stays until the next sync.</summary>
    public static string LastingHold(string identifier, string peer) => $"{HoldPrefix}-last{Tail(identifier, peer)}";

    /// <summary>The bookmark of the newest snapshot that a peer has.</summary>
    public static string Cursor(string identifier, string peer, ulong guid) => string.Create(CultureInfo.InvariantCulture, $"{CursorPrefix}{Tail(identifier, peer)}-{guid:x16}");

    /// <summary>Whether a bookmark is a cursor for this peer.</summary>
    public static bool IsCursor(string bookmark, string identifier, string peer) => bookmark.StartsWith($"{CursorPrefix}{Tail(identifier, peer)}-", StringComparison.Ordinal);

    private static string Tail(string identifier, string peer) =>
        $"{(identifier.Length > 0 ? "-" + identifier : "")}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(peer)).AsSpan(0, 6))}";
}
