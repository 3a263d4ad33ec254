namespace Varve.Store;

/// <summary>
/// The lines in which two texts differ, as `diff -u` shows them: the shortest script by E. Myers, "An O(ND) difference
/// algorithm and its variations", Algorithmica 1 (1986).
/// </summary>
public static class TextDifference
{
    private const int Context = 3, MostChanges = 2000;

    /// <summary>The hunks; null when the texts differ in too much to be worth it.</summary>
    public static IReadOnlyList<string>? Between(string first, string second)
    {
        var (a, b) = (Lines(first), Lines(second));
        if (Script(a, b) is not { } edits) return null;
        var text = new List<string>();
        for (var i = 0; i < edits.Count;)
        {
            if (edits[i].Kind == ' ')
            {
                i++;
                continue;
            }
            // A hunk goes on while no more than twice the context lies between two changes.
            var from = Math.Max(0, i - Context);
            var (last, to) = (i, i);
            for (; to < edits.Count && to - last <= 2 * Context; to++)
                if (edits[to].Kind != ' ') last = to;
            to = Math.Min(edits.Count, last + 1 + Context);
            var hunk = edits[from..to];
            text.Add($"@@ -{Range(hunk[0].First, hunk.Count(e => e.Kind != '+'))} +{Range(hunk[0].Second, hunk.Count(e => e.Kind != '-'))} @@");
            text.AddRange(hunk.Select(e => $"{e.Kind}{e.Line}"));
            i = to;
        }
        return text;
    }

    private static string Range(int from, int count) => count == 1 ? $"{from + 1}" : $"{(count == 0 ? from : from + 1)},{count}";

    private static string[] Lines(string text)
    {
        var lines = text.Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    private static List<(char Kind, string Line, int First, int Second)>? Script(string[] a, string[] b)
    {
        var trace = new List<int[]>();
        var most = Math.Min(a.Length + b.Length, MostChanges);
        var ends = new int[2 * most + 3];
        var middle = most + 1;
        for (var changes = 0; changes <= most; changes++)
        {
            trace.Add((int[])ends.Clone());
            for (var k = -changes; k <= changes; k += 2)
            {
                var x = k == -changes || (k != changes && ends[middle + k - 1] < ends[middle + k + 1]) ? ends[middle + k + 1] : ends[middle + k - 1] + 1;
                var y = x - k;
                while (x < a.Length && y < b.Length && a[x] == b[y]) (x, y) = (x + 1, y + 1);
                ends[middle + k] = x;
                if (x >= a.Length && y >= b.Length) return Backtrack(a, b, trace, middle);
            }
        }
        return null;
    }

    private static List<(char Kind, string Line, int First, int Second)> Backtrack(string[] a, string[] b, List<int[]> trace, int middle)
    {
        var edits = new List<(char Kind, string Line, int First, int Second)>();
        var (x, y) = (a.Length, b.Length);
        for (var changes = trace.Count - 1; changes >= 0; changes--)
        {
            var ends = trace[changes];
            var k = x - y;
            var before = k == -changes || (k != changes && ends[middle + k - 1] < ends[middle + k + 1]) ? k + 1 : k - 1;
            var beforeX = changes == 0 ? 0 : ends[middle + before];
            var beforeY = changes == 0 ? 0 : beforeX - before;
            while (x > beforeX && y > beforeY) edits.Add((' ', a[--x], x, --y));
            if (changes == 0) break;
            if (x > beforeX) edits.Add(('-', a[--x], x, y));
            else if (y > beforeY) edits.Add(('+', b[--y], x, y));
        }
        edits.Reverse();
        return edits;
    }
}
