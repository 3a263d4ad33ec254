using System.Diagnostics;
using System.Globalization;
using System.Text;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Remote;

/// <summary>
/// Requests to the varve of another host, over the standard streams of a program that ssh starts there, and its answers.
/// A request is a line of words, and perhaps bytes; an answer is <c>ok LENGTH</c> and as many bytes, or <c>no</c> and the reason.
/// What is answered is not trusted. One thread at a time.
/// </summary>
internal sealed class Conversation : IDisposable
{
    private const long LongestAnswer = 1 << 29;
    private const int NoSuchProgram = 127;
    private readonly string _name;
    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly Stream _writer;

    /// <summary>Starts the program.</summary>
    /// <param name="host">Where.</param>
    /// <param name="name">How messages call the host.</param>
    /// <param name="command">The program, whose words no shell reads.</param>
    public Conversation(Host host, string name, IReadOnlyList<string> command)
    {
        (_name, _process) = (name, host.Start(command, readsInput: true));
        _error = _process.StandardError.ReadToEndAsync();
        Reader = new WireReader(_process.StandardOutput.BaseStream);
        _writer = _process.StandardInput.BaseStream;
    }

    /// <summary>Where answers come.</summary>
    public WireReader Reader { get; }

    /// <summary>Whether the connection broke: nothing more can be asked.</summary>
    public bool IsLost { get; private set; }

    /// <summary>A request and its answer.</summary>
    /// <exception cref="SnapshotException">The host refuses, or went away.</exception>
    public byte[] Ask(string line, ReadOnlySpan<byte> more = default)
    {
        Say(line, more);
        return Answer();
    }

    /// <summary>A request whose answer is taken later, or that has none.</summary>
    public void Say(string line, ReadOnlySpan<byte> more = default)
    {
        try
        {
            Write(Encoding.UTF8.GetBytes(line + "\n"));
            if (more.Length > 0) Write(more);
        }
        catch (IOException e)
        {
            throw Lost(e);
        }
    }

    /// <summary>The next answer.</summary>
    public byte[] Answer() => Guarded(() => Reader.Bytes(Head() is <= LongestAnswer and var length ? length : throw new SnapshotException($"{_name} answers more than makes sense")));

    /// <summary>Writes bytes of a request.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _writer.Write(bytes);
        _writer.Flush();
    }

    /// <summary>The head of an answer: how many bytes follow.</summary>
    /// <param name="told">Given other lines that come before it.</param>
    public long Head(Action<string>? told = null)
    {
        while (true)
        {
            var line = Reader.Line() ?? throw new EndOfStreamException();
            if (line.StartsWith("no ", StringComparison.Ordinal)) throw new SnapshotException($"{_name}: {line[3..]}");
            if (line.StartsWith("ok ", StringComparison.Ordinal) && long.TryParse(line.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var length)) return length;
            if (told is null) throw new SnapshotException($"{_name} answers '{line[..Math.Min(60, line.Length)]}', which is not what varve says; is there another program of that name?");
            told(line);
        }
    }

    /// <summary>Work with the reader and the writer; what ends the connection is said in words.</summary>
    public T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is EndOfStreamException or IOException and not FileNotFoundException)
        {
            throw Lost(e);
        }
    }

    private SnapshotException Lost(Exception e)
    {
        IsLost = true;
        if (!_process.WaitForExit(1000)) _process.Kill();
        var said = _error.Wait(1000) ? _error.Result.Trim() : "";
        if (_process.HasExited && _process.ExitCode == NoSuchProgram) return new SnapshotException($"{_name} has no varve, which must be there: copy the program into /usr/local/bin of that host", e);
        return new SnapshotException($"{_name} {(said.Length > 0 ? $"cannot be reached: {said.Split('\n')[^1]}" : "went away")}", e);
    }

    /// <summary>Ends it from another thread: who waits for an answer gets none.</summary>
    public void Break()
    {
        IsLost = true;
        if (!_process.HasExited) _process.Kill();
    }

    /// <summary>Ends it: the program there sees the end of its input.</summary>
    public void Dispose()
    {
        try
        {
            _writer.Dispose();
        }
        catch (IOException)
        {
            // It went away first.
        }
        if (!_process.WaitForExit(2000)) _process.Kill();
        _process.Dispose();
    }
}
