using System.Globalization;
using System.Text;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Remote;

/// <summary>
/// Answers, on the standard streams of <c>varve snap repo peer</c>, for the objects of one repository of this host; see
/// <see cref="ObjectWords"/>. It holds no key and asks for none.
/// </summary>
/// <param name="only">The only folder, or the folder above the only folders, that may be opened; null for any.</param>
/// <param name="appendOnly">Whether nothing may be removed, whatever the repository says.</param>
/// <param name="input">Requests.</param>
/// <param name="output">Answers.</param>
public sealed class ObjectServer(string? only, bool appendOnly, Stream input, Stream output) : IDisposable
{
    private const long LargestObject = 1 << 29, LargestPiece = 1 << 28;
    private static readonly TimeSpan BetweenTells = TimeSpan.FromMilliseconds(250);
    private readonly WireReader _reader = new(input);
    private readonly WireWriter _writer = new(output);
    private readonly Dictionary<string, IDisposable> _locks = new(StringComparer.Ordinal);
    private ServedFolder? _folder;
    private ServedFolder.Staged? _staged;
    private bool _isAlone;

    private ServedFolder Folder => _folder ?? throw new SnapshotException("no folder was opened");

    /// <summary>Answers until the other side closes.</summary>
    public void Run()
    {
        try
        {
            while (_reader.Line() is { } line)
            {
                Answer(line.Split(' '));
                output.Flush();
            }
        }
        catch (EndOfStreamException)
        {
            // The other side went away in the middle of something, which is dropped.
        }
    }

    /// <summary>Drops what was not committed, and lets go what is held.</summary>
    public void Dispose()
    {
        _staged?.Dispose();
        foreach (var held in _locks.Values) held.Dispose();
        _folder?.Dispose();
    }

    private void Answer(string[] words)
    {
        try
        {
            if (words is [ObjectWords.More, var length]) More(WireReader.Number(length, LargestObject));
            else if (words is [ObjectWords.Check]) Check();
            else _writer.Answer(Of(words));
        }
        catch (Exception e) when (e is SnapshotException or FormatException or IOException and not EndOfStreamException or UnauthorizedAccessException or InvalidDataException)
        {
            _writer.Refuse(e.Message);
        }
    }

    private byte[] Of(string[] words)
    {
        switch (words)
        {
            case [ObjectWords.Open, var version, var folder]:
                if (version != ObjectWords.Version) throw new SnapshotException($"this host speaks version {ObjectWords.Version}; use the same varve on both");
                _folder = new ServedFolder(Allowed(Encoding.UTF8.GetString(Convert.FromBase64String(folder))), appendOnly);
                return [];
            case [ObjectWords.Names, var kind]:
                return Encoding.UTF8.GetBytes(string.Join('\n', Folder.Names(ObjectWords.Kind(kind))));
            case [ObjectWords.Has, var kind, var name]:
                return Folder.Has(ObjectWords.Kind(kind), name) ? "1"u8.ToArray() : [];
            case [ObjectWords.Read, var kind, var name]:
                return Folder.TryRead(ObjectWords.Kind(kind), name) is { } bytes ? [1, .. bytes] : [];
            case [ObjectWords.Directory, var pack]:
                return Folder.Directory(pack) is { } directory ? [1, .. BitConverter.GetBytes(directory.Start), .. directory.Bytes] : [];
            case [ObjectWords.Size, var pack]:
                return Encoding.ASCII.GetBytes(Folder.SizeOf(pack).ToString(CultureInfo.InvariantCulture));
            case [ObjectWords.Piece, var pack, var offset, var length]:
                return Folder.Piece(pack, WireReader.Number(offset, long.MaxValue), (int)WireReader.Number(length, LargestPiece));
            default:
                return Changed(words);
        }
    }

    private byte[] Changed(string[] words)
    {
        switch (words)
        {
            case [ObjectWords.Put, var kind, var name, var length]:
                // Taken whole before anything is said, so that what follows is a request again.
                var bytes = _reader.Bytes(WireReader.Number(length, LargestObject));
                Folder.Put(ObjectWords.Kind(kind), name, bytes, HoldsLock);
                return [];
            case [ObjectWords.Stage]:
                if (_staged is not null) throw new SnapshotException("something is being written already");
                _staged = Folder.Stage();
                return [];
            case [ObjectWords.Commit, var kind, var name]:
                using (var staged = _staged ?? throw new SnapshotException("nothing was written"))
                {
                    _staged = null;
                    staged.Commit(ObjectWords.Kind(kind), name);
                }
                return [];
            case [ObjectWords.Drop]:
                _staged?.Dispose();
                _staged = null;
                return [];
            case [ObjectWords.Delete, var kind, var name]:
                Folder.Delete(ObjectWords.Kind(kind), name, HoldsLock);
                return [];
            case [ObjectWords.Lock, var name, var how, var patience]:
                if (name is not (SnapshotRepository.LockName or SnapshotRepository.HeadLockName) || _locks.ContainsKey(name)) throw new SnapshotException($"'{name}' cannot be locked here");
                _locks.Add(name, Folder.Lock(name, how == ObjectWords.Alone, patience == ObjectWords.Wait));
                _isAlone |= name == SnapshotRepository.LockName && how == ObjectWords.Alone;
                return [];
            case [ObjectWords.Unlock, var name]:
                if (_locks.Remove(name, out var held)) held.Dispose();
                _isAlone &= name != SnapshotRepository.LockName;
                return [];
            case [ObjectWords.Prepare]:
                Folder.Prepare();
                return [];
            case [ObjectWords.Sweep]:
                if (!_isAlone) throw new SnapshotException("the repository is not held alone");
                return Encoding.ASCII.GetBytes(Folder.RemoveTemporaries().ToString(CultureInfo.InvariantCulture));
            default:
                throw new SnapshotException($"'{words[0]}' is no request");
        }
    }

    private bool HoldsLock => _isAlone || _locks.ContainsKey(SnapshotRepository.HeadLockName);

    private string Allowed(string folder)
    {
        if (!folder.StartsWith('/')) throw new SnapshotException($"'{folder}': the folder of a repository on another host must be absolute");
        var (full, limit) = (Path.GetFullPath(folder), only is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(only)));
        return limit is null || full == limit || full.StartsWith(limit + "/", StringComparison.Ordinal) ? full : throw new SnapshotException($"this connection may use {limit} only, and not {full}");
    }

    /// <summary>Takes bytes of what is being written. It has no answer: what failed is said when it is committed.</summary>
    private void More(long length)
    {
        var left = length;
        var buffer = new byte[Math.Min(left, 1 << 18)];
        while (left > 0)
        {
            var some = _reader.Some(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
            _staged?.Write(buffer.AsSpan(0, some));
            left -= some;
        }
    }

    /// <summary>Checks, and tells how far it is; who does not listen any more ends it.</summary>
    private void Check()
    {
        using var cancel = new CancellationTokenSource();
        var progress = new RepositoryProgress();
        var work = Task.Run(() => Folder.Check(progress, cancel.Token));
        try
        {
            while (!Task.WhenAny(work).Wait(BetweenTells))
            {
                _writer.Line(string.Create(CultureInfo.InvariantCulture, $"{ObjectWords.At} {progress.Moved}"));
                output.Flush();
            }
        }
        catch (IOException e)
        {
            cancel.Cancel();
            ((IAsyncResult)work).AsyncWaitHandle.WaitOne();
            throw new EndOfStreamException("the other side went away", e);
        }
        _writer.Answer(Encoding.UTF8.GetBytes(FindingsText.Write(work.GetAwaiter().GetResult())));
    }
}
