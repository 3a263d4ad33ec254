using System.Text.Json;

namespace Varve.Snapshots.Repository;

/// <summary>
/// The state that a repository is in: which snapshots and which lists of packs must be there. Each change makes the
/// next generation; the signature is the key holder's, so that a host can neither drop a snapshot nor make one up, and
/// one that serves an old state is found by whoever has seen a later one.
/// </summary>
internal sealed record RepositoryHead(long Generation, IReadOnlyList<string> Snapshots, IReadOnlyList<string> Lists)
{
    public static RepositoryHead Empty { get; } = new(0, [], []);

    /// <summary>Name of the file of a generation: sorts as the number does.</summary>
    public static string NameOf(long generation) => generation.ToString("D16", null);

    /// <summary>The file.</summary>
    public byte[] ToBytes(Secrets secrets)
    {
        var body = Body();
        return Checked.Write(json =>
        {
            json.WriteString("head", body);
            json.WriteString("signature", Convert.ToHexStringLower(secrets.Sign(System.Text.Encoding.ASCII.GetBytes(body))));
        });
    }

    private string Body() => $"{Generation} snapshots {string.Join(' ', Snapshots)} lists {string.Join(' ', Lists)}";

    /// <summary>Reads a head.</summary>
    /// <param name="bytes">Of the file.</param>
    /// <param name="name">Of the file.</param>
    /// <param name="secrets">To check the signature with; null for who has no key.</param>
    /// <exception cref="SnapshotException">It is damaged, or not signed by a holder of the key.</exception>
    public static RepositoryHead Parse(byte[] bytes, string name, Secrets? secrets)
    {
        using var json = Checked.Read(bytes, $"heads/{name}", "; `varve snap repo repair` makes a new one of the snapshots that are there, or `verify --repair-from` takes it from another copy");
        try
        {
            var body = json.RootElement.GetProperty("head").GetString()!;
            var signature = Convert.FromHexString(json.RootElement.GetProperty("signature").GetString()!);
            if (secrets is not null && !System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(signature, secrets.Sign(System.Text.Encoding.ASCII.GetBytes(body))))
                throw new SnapshotException($"heads/{name} was not written by a holder of the key: the host has changed it");
            var words = body.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var lists = Array.IndexOf(words, "lists");
            var head = new RepositoryHead(long.Parse(words[0]), words[2..lists], words[(lists + 1)..]);
            return NameOf(head.Generation) == name ? head : throw new SnapshotException($"heads/{name} holds another generation: the host has changed it");
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new SnapshotException($"heads/{name} makes no sense", e);
        }
    }
}

/// <summary>A list of packs that must be there: what a run added, or what a prune left.</summary>
internal static class PackList
{
    /// <summary>The file.</summary>
    public static byte[] ToBytes(IEnumerable<string> packs) => Checked.Write(json =>
    {
        json.WriteStartArray("packs");
        foreach (var pack in packs.Order(StringComparer.Ordinal)) json.WriteStringValue(pack);
        json.WriteEndArray();
    });

    /// <summary>The names in a list.</summary>
    /// <exception cref="SnapshotException">The list is damaged.</exception>
    public static List<string> Parse(byte[] bytes, string what)
    {
        using var json = Checked.Read(bytes, what);
        return json.RootElement.TryGetProperty("packs", out var packs) && packs.ValueKind == JsonValueKind.Array
            ? [.. packs.EnumerateArray().Select(static p => p.GetString()!)]
            : throw new SnapshotException($"{what} makes no sense");
    }
}
