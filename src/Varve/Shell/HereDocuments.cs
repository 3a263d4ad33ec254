namespace Varve.Shell;

/// <summary>The here-documents whose bodies begin after the line that is being scanned (POSIX XCU 2.7.4).</summary>
internal sealed class HereDocuments(string text)
{
    private readonly Queue<Body> waiting = new();

    /// <summary>One that waits for its body.</summary>
    /// <param name="Delimiter">The line that ends it.</param>
    /// <param name="StripTabs">Whether tabs at the start of a line do not count (<c>&lt;&lt;-</c>).</param>
    /// <param name="Joins">Whether a backslash at the end of a line joins it with the next: when no part of the delimiter is quoted.</param>
    internal readonly record struct Body(string Delimiter, bool StripTabs, bool Joins);

    /// <summary>Whether any waits for its body.</summary>
    public bool Any => waiting.Count > 0;

    /// <summary>Notes one.</summary>
    /// <param name="word">Its delimiter, as it stands in the script.</param>
    /// <param name="stripTabs">Whether it is <c>&lt;&lt;-</c>.</param>
    public void Await(string word, bool stripTabs) =>
        waiting.Enqueue(new Body(WordScanner.Unquote(word), stripTabs, word.AsSpan().IndexOfAny('\\', '\'', '"') < 0));

    /// <summary>Forgets all.</summary>
    public void Clear() => waiting.Clear();

    /// <summary>Sets those that wait aside, while the commands of a substitution are scanned.</summary>
    public Body[] Suspend()
    {
        var all = waiting.ToArray();
        waiting.Clear();
        return all;
    }

    /// <summary>Takes up again those that were set aside.</summary>
    public void Resume(Body[] all)
    {
        foreach (var body in all) waiting.Enqueue(body);
    }

    /// <summary>Where the bodies of all that wait end, of which the first begins at a place.</summary>
    public int EndOfBodies(int at)
    {
        while (waiting.TryDequeue(out var body)) at = EndOf(body, at);
        return at;
    }

    private int EndOf(Body body, int at)
    {
        var joined = false;
        while (at < text.Length)
        {
            var end = text.IndexOf('\n', at);
            var line = text.AsSpan(at, (end < 0 ? text.Length : end) - at);
            if (body.StripTabs) line = line.TrimStart('\t');
            at = end < 0 ? text.Length : end + 1;
            if (!joined && line.SequenceEqual(body.Delimiter)) return at;
            joined = body.Joins && (line.Length - line.TrimEnd('\\').Length) % 2 == 1;
        }
        throw new ScanException(NoPiece.Incomplete);
    }
}
