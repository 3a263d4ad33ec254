using System.Text;
using Varve.Linux;

namespace Varve.Cli;

/// <summary>
/// What a person typed, across sessions: a file with a line each, newlines within written as `\n` and backslashes
/// doubled. Several shells add to it at once, each line by one write.
/// </summary>
internal sealed class LineHistory
{
    private const int MostLines = 10_000;
    private readonly string? path;
    private readonly List<string> lines = [];

    /// <param name="path">The file; null keeps nothing beyond the session.</param>
    public LineHistory(string? path)
    {
        this.path = path;
        if (path is null || !File.Exists(path)) return;
        try
        {
            lines.AddRange(File.ReadLines(path).TakeLast(MostLines).Select(Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            this.path = null;
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <summary>Where it lies for this person: below XDG_STATE_HOME, readable by nobody else.</summary>
    public static string? PersonalFile()
    {
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is ['/', ..] given ? given
            : Environment.GetEnvironmentVariable("HOME") is ['/', ..] home ? home + "/.local/state" : null;
        return state is null ? null : state + "/varve/history";
    }

    public void Add(string line)
    {
        line = line.TrimEnd('\n');
        if (line.Trim().Length == 0 || line.StartsWith(' ') || (lines.Count > 0 && lines[^1] == line)) return;
        lines.Add(line);
        if (path is null) return;
        try
        {
            Files.MakeDirectories(Files.Parent(path));
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            file.Write(Encoding.UTF8.GetBytes(Written(line) + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be remembered is no reason to stop somebody's work.
        }
    }

    internal static string Written(string line) => line.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    internal static string Read(string written)
    {
        var line = new StringBuilder(written.Length);
        for (var i = 0; i < written.Length; i++)
        {
            if (written[i] != '\\' || i + 1 == written.Length) line.Append(written[i]);
            else line.Append(written[++i] == 'n' ? '\n' : written[i]);
        }
        return line.ToString();
    }
}
