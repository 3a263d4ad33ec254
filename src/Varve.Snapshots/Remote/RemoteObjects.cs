using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Remote;

/// <summary>
/// The objects of a repository on another host, through the varve there. Requests go over a few conversations, so that
/// what waits for a disk there keeps nothing else waiting; small ones that are many go out together.
/// </summary>
public sealed class RemoteObjects : ObjectStore
{
    private const int MostConversations = 8, Together = 64;
    private readonly Host _host;
    private readonly string _folder;
    private readonly ConcurrentBag<Conversation> _idle = [];
    private readonly SemaphoreSlim _free = new(MostConversations);
    private readonly List<HeldLock> _locks = [];

    /// <summary>A repository on another host.</summary>
    /// <param name="host">The host; disposed with this.</param>
    /// <param name="folder">Its folder there, absolute.</param>
    public RemoteObjects(Host host, string folder) => (_host, _folder) = (host, folder);

    /// <inheritdoc/>
    public override string Path => $"{_host.Name}:repo:{_folder}";

    private Conversation Lease()
    {
        _free.Wait();
        try
        {
            if (_idle.TryTake(out var idle)) return idle;
            var made = new Conversation(_host, _host.Name, ["varve", "snap", "repo", "peer"]);
            try
            {
                made.Ask($"{ObjectWords.Open} {ObjectWords.Version} {Convert.ToBase64String(Encoding.UTF8.GetBytes(_folder))}");
                return made;
            }
            catch
            {
                made.Dispose();
                throw;
            }
        }
        catch
        {
            _free.Release();
            throw;
        }
    }

    private void GiveBack(Conversation talk)
    {
        if (talk.IsLost) talk.Dispose();
        else _idle.Add(talk);
        _free.Release();
    }

    private T With<T>(Func<Conversation, T> work)
    {
        var talk = Lease();
        try
        {
            return work(talk);
        }
        finally
        {
            GiveBack(talk);
        }
    }

    /// <summary>What changes the state goes where the lock is held: who has lost it has lost the right.</summary>
    private byte[] AskHolding(string line, ReadOnlySpan<byte> more = default)
    {
        HeldLock? held;
        lock (_locks) held = _locks.Count > 0 ? _locks[^1] : null;
        if (held is not null) lock (held) return held.Talk.Ask(line, more);
        var talk = Lease();
        try
        {
            return talk.Ask(line, more);
        }
        finally
        {
            GiveBack(talk);
        }
    }

    private static string Line(string word, string kind, string name) => $"{word} {ObjectWords.Word(kind)} {name}";

    internal override List<string> Names(string kind)
    {
        var names = Encoding.UTF8.GetString(With(talk => talk.Ask($"{ObjectWords.Names} {ObjectWords.Word(kind)}"))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // The host may say anything.
        foreach (var name in names)
            if (!ServedFolder.IsName(kind, name)) throw new SnapshotException($"{_host.Name} has an object '{name[..Math.Min(80, name.Length)]}' among {kind}, which can have no such name");
        return [.. names.Order(StringComparer.Ordinal)];
    }

    internal override bool Has(string kind, string name) => With(talk => talk.Ask(Line(ObjectWords.Has, kind, name))).Length > 0;

    internal override IEnumerable<byte[]?> TryRead(string kind, IReadOnlyCollection<string> names) => Many(names, name => Line(ObjectWords.Read, kind, name), static bytes => bytes);

    internal override IEnumerable<SealedDirectory?> Directories(IReadOnlyCollection<string> packs) => Many(packs, static pack => $"{ObjectWords.Directory} {pack}", static bytes =>
        bytes.Length > sizeof(long) && BitConverter.ToInt64(bytes) is > 0 and var start ? new SealedDirectory(bytes[sizeof(long)..], start) : null);

    /// <summary>Asks for many things together. An answer begins with one byte: whether there is such a thing.</summary>
    private IEnumerable<T?> Many<T>(IReadOnlyCollection<string> names, Func<string, string> request, Func<byte[], T?> read) where T : class
    {
        foreach (var some in names.Chunk(Together))
        {
            var answers = With(talk =>
            {
                talk.Say(string.Join('\n', some.Select(request)));
                try
                {
                    return some.Select(_ => talk.Answer()).ToList();
                }
                catch
                {
                    // Answers that are still to come belong to nobody.
                    talk.Break();
                    throw;
                }
            });
            foreach (var answer in answers) yield return answer.Length == 0 ? null : read(answer[1..]);
        }
    }

    internal override PackSource Open(string pack) => new RemotePack(this, pack);

    internal override void Put(string kind, string name, ReadOnlySpan<byte> bytes) =>
        AskHolding(string.Create(CultureInfo.InvariantCulture, $"{Line(ObjectWords.Put, kind, name)} {bytes.Length}"), bytes);

    internal override void Delete(string kind, string name) => AskHolding(Line(ObjectWords.Delete, kind, name));

    internal override int RemoveTemporaries() => int.Parse(AskHolding(ObjectWords.Sweep), CultureInfo.InvariantCulture);

    internal override void Prepare() => With(static talk => talk.Ask(ObjectWords.Prepare));

    internal override StagedObject Stage()
    {
        var talk = Lease();
        try
        {
            talk.Ask(ObjectWords.Stage);
            return new RemoteStaged(this, talk);
        }
        catch
        {
            GiveBack(talk);
            throw;
        }
    }

    internal override IDisposable Lock(string name, bool exclusive, bool wait)
    {
        var talk = Lease();
        try
        {
            talk.Ask($"{ObjectWords.Lock} {name} {(exclusive ? ObjectWords.Alone : ObjectWords.Shared)} {(wait ? ObjectWords.Wait : ObjectWords.Now)}");
            return new HeldLock(this, talk, name);
        }
        catch
        {
            GiveBack(talk);
            throw;
        }
    }

    internal override ObjectFindings Check(RepositoryProgress progress, CancellationToken cancel) => With(talk =>
    {
        long seen = 0;
        using var ended = cancel.Register(talk.Break);
        try
        {
            talk.Say(ObjectWords.Check);
            var text = Encoding.UTF8.GetString(talk.Guarded(() => talk.Reader.Bytes(talk.Head(line =>
            {
                var at = line.StartsWith(ObjectWords.At + " ", StringComparison.Ordinal) ? WireReader.Number(line[(ObjectWords.At.Length + 1)..], long.MaxValue) : seen;
                progress.Move(at - seen);
                seen = at;
            }))));
            return FindingsText.Read(text);
        }
        catch (SnapshotException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
    });

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        while (_idle.TryTake(out var talk)) talk.Dispose();
        _free.Dispose();
        _host.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>A lock, and the conversation that holds it.</summary>
    private sealed class HeldLock : IDisposable
    {
        private readonly RemoteObjects _store;
        private readonly string _name;

        public HeldLock(RemoteObjects store, Conversation talk, string name)
        {
            (_store, Talk, _name) = (store, talk, name);
            lock (store._locks) store._locks.Add(this);
        }

        public Conversation Talk { get; }

        public void Dispose()
        {
            lock (_store._locks) _store._locks.Remove(this);
            try
            {
                if (!Talk.IsLost) Talk.Ask($"{ObjectWords.Unlock} {_name}");
            }
            catch (SnapshotException)
            {
                // It is free by then: its holder there has ended.
            }
            _store.GiveBack(Talk);
        }
    }

    private sealed class RemoteStaged(RemoteObjects store, Conversation talk) : StagedObject
    {
        private bool _isDone;

        public override void Write(ReadOnlySpan<byte> bytes) => talk.Say(string.Create(CultureInfo.InvariantCulture, $"{ObjectWords.More} {bytes.Length}"), bytes);

        public override void Commit(string kind, string name)
        {
            _isDone = true;
            talk.Ask(Line(ObjectWords.Commit, kind, name));
        }

        public override void Dispose()
        {
            if (!_isDone)
            {
                try
                {
                    talk.Ask(ObjectWords.Drop);
                }
                catch (SnapshotException)
                {
                    // It is dropped where the conversation ends, too.
                }
            }
            store.GiveBack(talk);
        }
    }

    private sealed class RemotePack(RemoteObjects store, string name) : PackSource
    {
        public override long Length => long.Parse(store.With(talk => talk.Ask($"{ObjectWords.Size} {name}")), CultureInfo.InvariantCulture);

        public override int Read(Span<byte> into, long offset)
        {
            var wanted = into.Length;
            var bytes = store.With(talk => talk.Ask(string.Create(CultureInfo.InvariantCulture, $"{ObjectWords.Piece} {name} {offset} {wanted}")));
            if (bytes.Length > into.Length) throw new IOException($"{store._host.Name} sends more of packs/{name} than was asked for");
            bytes.CopyTo(into);
            return bytes.Length;
        }

        public override void Dispose()
        {
        }
    }
}
