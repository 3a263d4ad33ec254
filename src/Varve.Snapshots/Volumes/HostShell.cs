using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Varve.Snapshots.Volumes;

/// <summary>
/// A shell on another host that stays for many calls. Each is a line that it reads, so a call is one journey there and back,
/// where a channel of ssh for each takes four; and what does not need the answer to another can be asked before that comes.
/// </summary>
internal sealed class HostShell : IDisposable
{
    /// <summary>Reads a line, runs it, and prints what it printed; then a line with the mark and its status, its errors, and the mark again.</summary>
    private const string Loop = """
        N='
        '
        printf '%s\n' "$1"
        while IFS= read -r c; do
            e=$(eval "$c" 2>&1 >&3 3>&- < /dev/null); s=$?
            printf '\n%s %d\n%s\n%s\n' "$1" "$s" "$e" "$1"
        done 3>&1
        """;

    /// <summary>Reads a line and becomes what it says, with what follows as its input.</summary>
    private const string Once = """
        N='
        '
        IFS= read -r c || exit 0
        eval "exec $c"
        """;

    /// <summary>A call whose answer may not have come yet.</summary>
    private sealed class Asked(string line)
    {
        public string Line => line;

        public (int Status, string Output, string Error)? Answer { get; set; }
    }

    private static readonly TimeSpan PatienceToLeave = TimeSpan.FromSeconds(2);

    private readonly string _mark;
    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly Stream _there;
    private readonly Stream _back;
    private readonly Lock _asking = new(), _reading = new();
    private readonly Queue<Asked> _open = [];
    private readonly List<Asked> _ahead = [];
    private readonly byte[] _bytes = new byte[1 << 16];
    private int _at, _end, _waiting;
    private bool _isReady;

    private HostShell(Process process, string mark)
    {
        (_process, _mark) = (process, mark);
        _error = process.StandardError.ReadToEndAsync();
        (_there, _back) = (process.StandardInput.BaseStream, process.StandardOutput.BaseStream);
    }

    /// <summary>Starts one; the answer to its first call says whether the host could be reached.</summary>
    /// <param name="start">Starts these words there, with an input.</param>
    public static HostShell Start(Func<IReadOnlyList<string>, Process> start)
    {
        var mark = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        return new HostShell(start(["sh", "-c", Loop, "sh", mark]), mark);
    }

    /// <summary>The words of a program that reads what it is to become from its input, so that its channel stands before that is known.</summary>
    public static IReadOnlyList<string> Waiting => ["sh", "-c", Once];

    /// <summary>The line by which <see cref="Waiting"/> becomes these words.</summary>
    public static byte[] Request(IReadOnlyList<string> words) => Encoding.UTF8.GetBytes(LineOf(words));

    private static string LineOf(IReadOnlyList<string> words) => string.Join(' ', words.Select(static w => Host.Quoted(w).Replace("\n", "'\"$N\"'", StringComparison.Ordinal))) + "\n";

    /// <summary>Whether it is still there.</summary>
    public bool IsAlive => !_process.HasExited;

    /// <summary>Whether another thread waits for an answer, so that a call would wait for that as well.</summary>
    public bool IsBusy => Volatile.Read(ref _waiting) > 0;

    /// <summary>The status ssh ended with, and its words, when it ended.</summary>
    public (int Status, string Words) End()
    {
        _process.WaitForExit();
        return (_process.ExitCode, _error.Result.Trim());
    }

    /// <summary>Asks now what will be asked soon. The answer serves only when nothing else is asked between, since that may change it.</summary>
    public void Expect(IReadOnlyList<string> words)
    {
        var line = LineOf(words);
        // The shell does not read on while nobody takes its answers: what is asked ahead must fit into what lies between.
        const int Most = 16 << 10;
        lock (_asking)
        {
            if (line.Length + _ahead.Sum(static a => a.Line.Length) > Most || Ahead(line) is not null) return;
            if (Sent(line) is { } asked) _ahead.Add(asked);
        }
    }

    /// <summary>Whether the answer to this was asked for already.</summary>
    public bool Expects(IReadOnlyList<string> words)
    {
        var line = LineOf(words);
        lock (_asking) return Ahead(line) is not null;
    }

    private Asked? Ahead(string line) => _ahead.Find(a => a.Line == line);

    /// <summary>What was asked ahead no longer serves: something else happens there.</summary>
    public void Forget()
    {
        lock (_asking) _ahead.Clear();
    }

    /// <summary>Asks, and waits for the answer; null when the shell ended before.</summary>
    public (int Status, string Output, string Error)? Ask(IReadOnlyList<string> words)
    {
        var line = LineOf(words);
        Asked? asked;
        lock (_asking)
        {
            asked = Ahead(line);
            if (asked is not null) _ahead.Remove(asked);
            else _ahead.Clear();
            asked ??= Sent(line);
        }
        if (asked is null) return null;
        Interlocked.Increment(ref _waiting);
        try
        {
            lock (_reading)
            {
                while (asked.Answer is null)
                {
                    if (Next() is not { } answer) return null;
                    lock (_asking) _open.Dequeue().Answer = answer;
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
        return asked.Answer;
    }

    private Asked? Sent(string line)
    {
        var asked = new Asked(line);
        try
        {
            _there.Write(Encoding.UTF8.GetBytes(line));
            _there.Flush();
        }
        catch (IOException)
        {
            return null;
        }
        _open.Enqueue(asked);
        return asked;
    }

    private (int, string, string)? Next()
    {
        // What the files of a login print comes before the first mark.
        while (!_isReady)
        {
            if (Line() is not { } said) return null;
            _isReady = said == _mark;
        }
        if (UpToMark() is not ({ } output, { } ended) || UpToMark() is not ({ } error, _)) return null;
        return (int.Parse(ended, System.Globalization.CultureInfo.InvariantCulture), output, error);
    }

    /// <summary>The lines before the next mark, and what follows the mark on its line.</summary>
    private (string Text, string After)? UpToMark()
    {
        var text = new StringBuilder();
        for (var first = true; ; first = false)
        {
            if (Line() is not { } line) return null;
            if (line.StartsWith(_mark, StringComparison.Ordinal)) return (text.ToString(), line[_mark.Length..].Trim());
            if (!first) text.Append('\n');
            text.Append(line);
        }
    }

    private string? Line()
    {
        var line = new ArrayBufferWriter<byte>(256);
        while (true)
        {
            if (_at == _end)
            {
                (_at, _end) = (0, _back.Read(_bytes));
                if (_end == 0) return null;
            }
            var rest = _bytes.AsSpan(_at, _end - _at);
            var feed = rest.IndexOf((byte)'\n');
            line.Write(feed < 0 ? rest : rest[..feed]);
            _at += feed < 0 ? rest.Length : feed + 1;
            if (feed >= 0) return Encoding.UTF8.GetString(line.WrittenSpan);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _there.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
        // One that nobody ever heard of is still on its way there.
        if (!_isReady || !_process.WaitForExit(PatienceToLeave)) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
