using System.Globalization;
using System.Text;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Remote;

/// <summary>What a check found, as lines of text.</summary>
internal static class FindingsText
{
    /// <summary>The text.</summary>
    public static string Write(ObjectFindings found)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{found.Objects} {found.Bytes}\n"));
        foreach (var (what, problem) in found.Problems) text.Append(CultureInfo.InvariantCulture, $"{what} {problem.ReplaceLineEndings(" ")}\n");
        return text.ToString();
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="SnapshotException">It makes no sense.</exception>
    public static ObjectFindings Read(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || lines[0].Split(' ') is not [var objects, var bytes]) throw new SnapshotException("what the other host says of its check makes no sense");
        var problems = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines.Skip(1))
            if (line.Split(' ', 2) is [var what, var problem]) problems[what] = problem;
        return new ObjectFindings(WireReader.Number(objects, long.MaxValue), WireReader.Number(bytes, long.MaxValue), problems);
    }
}
