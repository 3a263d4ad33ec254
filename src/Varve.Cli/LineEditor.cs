using System.Globalization;
using System.Text;
using Varve.Linux;

namespace Varve.Cli;

/// <summary>
/// One line typed at a terminal, with the keys people know from other shells (the Emacs set of POSIX shells and
/// readline): moving, deleting, history with search, completion.
/// </summary>
internal sealed class LineEditor(LineHistory history, Completion completion)
{
    private const int MostShown = 200;
    private const char Escape = '\u001b', CtrlC = '\u0003', EndOfText = '\u0004';
    private readonly StringBuilder output = new();
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private readonly Queue<char> keys = new();
    private readonly StringBuilder line = new();
    private string prompt = "", cut = "", draft = "";
    private int promptWidth, cursor, rowOfCursor, remembered;

    /// <summary>What became of a line.</summary>
    public enum Ended
    {
        /// <summary>It was entered.</summary>
        Entered,
        /// <summary>Ctrl-C: it is given up.</summary>
        GivenUp,
        /// <summary>Ctrl-D on an empty line, or the terminal is gone.</summary>
        NoMore,
    }

    /// <summary>Reads one line, without its newline.</summary>
    /// <param name="shown">The prompt, with escape sequences for colour.</param>
    /// <param name="text">What was typed.</param>
    public Ended Read(string shown, out string text)
    {
        using var raw = TerminalMode.Raw();
        (prompt, promptWidth) = (shown, Width(Plain(shown)));
        line.Clear();
        (cursor, rowOfCursor, remembered, draft) = (0, 0, history.Lines.Count, "");
        Draw();
        while (true)
        {
            if (Key() is not { } key)
            {
                text = "";
                return Ended.NoMore;
            }
            if (Follow(key) is { } ended)
            {
                cursor = line.Length;
                Draw();
                Say(ended == Ended.GivenUp ? "^C\r\n" : "\r\n");
                text = line.ToString();
                return ended;
            }
            // What was pasted is drawn once.
            if (keys.Count == 0) Draw();
        }
    }

    private char? Key()
    {
        Span<char> decoded = stackalloc char[4100];
        var buffer = new byte[4096];
        while (keys.Count == 0)
        {
            var count = Processes.Read(0, buffer);
            if (count <= 0) return null;
            var made = decoder.GetChars(buffer.AsSpan(0, count), decoded, flush: false);
            foreach (var c in decoded[..made]) keys.Enqueue(c);
        }
        return keys.Dequeue();
    }

    private Ended? Follow(char key)
    {
        switch (key)
        {
            case '\r' or '\n': return Ended.Entered;
            case CtrlC: return Ended.GivenUp;
            case EndOfText when line.Length == 0: return Ended.NoMore;
            case EndOfText: Delete(cursor, Next(cursor)); break;
            case '\u0001': cursor = 0; break;
            case '\u0005': cursor = line.Length; break;
            case '\u0002': cursor = Previous(cursor); break;
            case '\u0006': cursor = Next(cursor); break;
            case '\u007f' or '\b': Delete(Previous(cursor), cursor); break;
            case '\u000b': Cut(cursor, line.Length); break;
            case '\u0015': Cut(0, cursor); break;
            case '\u0017': Cut(WordLeft(), cursor); break;
            case '\u0019': Insert(cut); break;
            case '\u000c': Say("\u001b[H\u001b[2J"); rowOfCursor = 0; break;
            case '\u0010': Recall(-1); break;
            case '\u000e': Recall(1); break;
            case '\u0012': return Search();
            case '\t': Complete(); break;
            case Escape: FollowSequence(); break;
            case >= ' ': Insert(key.ToString()); break;
        }
        return null;
    }

    private void FollowSequence()
    {
        // A lone Escape does nothing; what comes with it is one key.
        if (keys.Count == 0) return;
        var first = keys.Dequeue();
        if (first is 'b' or 'B') cursor = WordLeft();
        else if (first is 'f' or 'F') cursor = WordRight();
        else if (first is 'd' or 'D') Cut(cursor, WordRight());
        else if (first is '\u007f') Cut(WordLeft(), cursor);
        if (first is not ('[' or 'O')) return;
        var parameters = new StringBuilder();
        while (keys.TryDequeue(out var c))
        {
            if (c is >= '0' and <= '9' or ';')
            {
                parameters.Append(c);
                continue;
            }
            FollowNamed(c, parameters.ToString());
            return;
        }
    }

    private void FollowNamed(char final, string parameters)
    {
        var word = parameters.EndsWith(";5", StringComparison.Ordinal) || parameters.EndsWith(";3", StringComparison.Ordinal);
        switch (final)
        {
            case 'A': Recall(-1); break;
            case 'B': Recall(1); break;
            case 'C': cursor = word ? WordRight() : Next(cursor); break;
            case 'D': cursor = word ? WordLeft() : Previous(cursor); break;
            case 'H': cursor = 0; break;
            case 'F': cursor = line.Length; break;
            case '~' when parameters is "1" or "7": cursor = 0; break;
            case '~' when parameters is "4" or "8": cursor = line.Length; break;
            case '~' when parameters is "3": Delete(cursor, Next(cursor)); break;
        }
    }

    private void Insert(string text)
    {
        line.Insert(cursor, text);
        cursor += text.Length;
    }

    private void Delete(int from, int to)
    {
        if (to <= from) return;
        line.Remove(from, to - from);
        cursor = from;
    }

    private void Cut(int from, int to)
    {
        if (to > from) cut = line.ToString(from, to - from);
        Delete(from, to);
    }

    private int Previous(int at) => at <= 0 ? 0 : at > 1 && char.IsLowSurrogate(line[at - 1]) ? at - 2 : at - 1;

    private int Next(int at) => at >= line.Length ? line.Length : at + 1 < line.Length && char.IsHighSurrogate(line[at]) ? at + 2 : at + 1;

    private int WordLeft()
    {
        var at = cursor;
        while (at > 0 && char.IsWhiteSpace(line[at - 1])) at--;
        while (at > 0 && !char.IsWhiteSpace(line[at - 1])) at--;
        return at;
    }

    private int WordRight()
    {
        var at = cursor;
        while (at < line.Length && char.IsWhiteSpace(line[at])) at++;
        while (at < line.Length && !char.IsWhiteSpace(line[at])) at++;
        return at;
    }

    private void Recall(int by)
    {
        var to = remembered + by;
        if (to < 0 || to > history.Lines.Count) return;
        if (remembered == history.Lines.Count) draft = line.ToString();
        remembered = to;
        Replace(to == history.Lines.Count ? draft : history.Lines[to]);
    }

    private void Replace(string text)
    {
        line.Clear().Append(text);
        cursor = line.Length;
    }

    /// <summary>Ctrl-R: the newest line that holds what is typed; again for the one before; any other key takes it.</summary>
    private Ended? Search()
    {
        var (wanted, at, before) = ("", history.Lines.Count, (prompt, promptWidth, line.ToString()));
        while (true)
        {
            prompt = $"(search) {wanted}: ";
            promptWidth = Width(prompt);
            Draw();
            var key = Key();
            if (key is '\u0012' or '\u007f' or '\b' or >= ' ')
            {
                if (key is '\u007f' or '\b') wanted = wanted[..Math.Max(0, wanted.Length - 1)];
                else if (key >= ' ') wanted += key;
                var from = key == '\u0012' ? at - 1 : history.Lines.Count - 1;
                while (from >= 0 && !history.Lines[from].Contains(wanted, StringComparison.Ordinal)) from--;
                if (from >= 0) at = from;
                if (from >= 0 && wanted.Length > 0) Replace(history.Lines[from]);
                continue;
            }
            (prompt, promptWidth) = (before.prompt, before.promptWidth);
            if (key is CtrlC)
            {
                Replace(before.Item3);
                return null;
            }
            remembered = Math.Min(at, history.Lines.Count);
            return key is null ? Ended.NoMore : Follow(key.Value);
        }
    }

    private void Complete()
    {
        var (start, words) = completion.At(line.ToString(), cursor);
        if (words.Count == 0) return;
        var common = Completion.CommonPrefix(words);
        if (words.Count == 1 && !common.EndsWith('/')) common += " ";
        if (common.Length > cursor - start)
        {
            Delete(start, cursor);
            cursor = start;
            Insert(common);
            return;
        }
        Show(words);
    }

    private void Show(IReadOnlyList<string> words)
    {
        var names = words.Take(MostShown).Select(w => w.TrimEnd('/') is var t && t.LastIndexOf('/') is >= 0 and var slash ? w[(slash + 1)..] : w).ToList();
        var columns = Columns();
        var width = Math.Min(columns, names.Max(Width) + 2);
        var perRow = Math.Max(1, columns / width);
        var text = new StringBuilder("\r\n");
        for (var i = 0; i < names.Count; i++)
        {
            text.Append(Words.Line(names[i])).Append(' ', Math.Max(1, width - Width(names[i])));
            if (i % perRow == perRow - 1 || i == names.Count - 1) text.Append("\r\n");
        }
        if (words.Count > MostShown) text.Append(CultureInfo.InvariantCulture, $"and {words.Count - MostShown} more\r\n");
        Say(text.ToString());
        rowOfCursor = 0;
    }

    private static int Columns() => TerminalMode.Size(1)?.Columns ?? 80;

    /// <summary>Shows prompt and line anew, in one write.</summary>
    private void Draw()
    {
        var columns = Columns();
        output.Clear();
        if (rowOfCursor > 0) output.Append(CultureInfo.InvariantCulture, $"\u001b[{rowOfCursor}A");
        output.Append("\r\u001b[J").Append(prompt);
        var text = line.ToString();
        output.Append(Visible(text).Replace("\n", "\r\n", StringComparison.Ordinal));
        var (endRow, endColumn) = Place(text, columns);
        // At the very edge the terminal keeps the cursor back until something follows.
        if (endColumn == 0 && endRow > 0 && !text.EndsWith('\n')) output.Append("\r\n");
        var (row, column) = Place(text[..cursor], columns);
        if (endRow > row) output.Append(CultureInfo.InvariantCulture, $"\u001b[{endRow - row}A");
        output.Append('\r');
        if (column > 0) output.Append(CultureInfo.InvariantCulture, $"\u001b[{column}C");
        rowOfCursor = row;
        Say(output.ToString());
    }

    private (int Row, int Column) Place(string text, int columns)
    {
        var (row, column) = (0, promptWidth);
        foreach (var part in text.EnumerateRunes())
        {
            if (part.Value == '\n')
            {
                (row, column) = (row + 1, 0);
                continue;
            }
            var width = Rune.IsControl(part) ? 2 : Width(part);
            if (column + width > columns) (row, column) = (row + 1, 0);
            column += width;
        }
        return column >= columns ? (row + 1, 0) : (row, column);
    }

    /// <summary>Control characters as people write them, `^A`.</summary>
    private static string Visible(string text) =>
        text.Any(c => char.IsControl(c) && c != '\n') ? string.Concat(text.Select(c => char.IsControl(c) && c != '\n' ? $"^{(char)(c ^ 0x40)}" : c.ToString())) : text;

    private static string Plain(string shown)
    {
        var plain = new StringBuilder();
        for (var i = 0; i < shown.Length; i++)
        {
            if (shown[i] != Escape) plain.Append(shown[i]);
            else while (i + 1 < shown.Length && shown[i] != 'm') i++;
        }
        return plain.ToString();
    }

    private static int Width(string text) => text.EnumerateRunes().Sum(Width);

    /// <summary>Columns of a character: none for marks that combine, two for the wide ones of East Asia (Unicode TR 11) and pictures.</summary>
    private static int Width(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format ? 0
        : rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD) ? 2 : 1;

    private static void Say(string text) => Processes.WriteAll(1, Encoding.UTF8.GetBytes(text));
}
