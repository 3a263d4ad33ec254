using System.Globalization;

namespace Varve.Snapshots.Policy;

/// <summary>Reads the short form <c>48h hourly, 14d daily, 8w weekly</c>.</summary>
public static class KeepText
{
    private const int MostBuckets = 10_000_000;

    /// <summary>The rules that the text says.</summary>
    /// <exception cref="SnapshotException">It is no such text; the message says which part is wrong.</exception>
    public static IReadOnlyList<KeepRule> Parse(string text)
    {
        var rules = new List<KeepRule>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var rule = Rule(part);
            if (rules.Any(r => r.Kind == rule.Kind)) throw Wrong(part, $"{rule.Kind.Word()} is there twice");
            rules.Add(rule);
        }
        return rules;
    }

    private static KeepRule Rule(string part)
    {
        var digits = part.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0) throw Wrong(part, "it must begin with a number");
        var rest = part.AsSpan(digits).Trim();
        var space = rest.IndexOf(' ');
        var unit = space < 0 ? "" : rest[..space].ToString();
        var word = space < 0 ? rest : rest[space..].Trim();
        var kind = Kinds.Of(word) ?? throw Wrong(part, "it must end with frequently, hourly, daily, weekly, monthly or yearly");
        if (!long.TryParse(part.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > MostBuckets)
            throw Wrong(part, $"the number must be from 1 to {MostBuckets}");
        return new KeepRule(kind, Count(part, number, unit, kind));
    }

    /// <summary>How many buckets fit the span, which must be a whole number: nobody should have to guess how 5 days of weeks are rounded.</summary>
    private static int Count(string part, long number, string unit, Kind kind)
    {
        if (unit.Length == 0) return (int)number;
        var (span, inMonths) = unit switch
        {
            "min" => (number * Kinds.Minute, false),
            "h" => (number * Kinds.Hour, false),
            "d" => (number * Kinds.Day, false),
            "w" => (number * Kinds.Week, false),
            "m" or "mo" => (number, true),
            "y" => (number * 12, true),
            _ => throw Wrong(part, $"'{unit}' is no unit; there are min, h, d, w, m (months) and y"),
        };
        var (bucket, countsMonths) = kind switch
        {
            Kind.Frequently => (Buckets.Quarter, false),
            Kind.Hourly => (Kinds.Hour, false),
            Kind.Daily => (Kinds.Day, false),
            Kind.Weekly => (Kinds.Week, false),
            Kind.Monthly => (1, true),
            _ => (12, true),
        };
        if (inMonths != countsMonths || span % bucket != 0) throw Wrong(part, $"{number}{unit} is not a whole number of {kind.Word()} buckets; say how many, as in '{number} {kind.Word()}'");
        return span / bucket <= MostBuckets ? (int)(span / bucket) : throw Wrong(part, $"more than {MostBuckets} buckets");
    }

    private static SnapshotException Wrong(string part, string why) => new($"keep: '{part}': {why}; write it as in \"48h hourly, 14d daily, 8w weekly\"");
}
