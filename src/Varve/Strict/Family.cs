using System.Buffers.Binary;
using Varve.Store;

namespace Varve.Strict;

/// <summary>A process of a strict step.</summary>
internal sealed class Member(int leader, Member? parent)
{
    /// <summary>The number of its first thread, on the host.</summary>
    public int Leader { get; } = leader;
    /// <summary>Who started it.</summary>
    public Member? Parent { get; } = parent;
    public ProcessClock Clock { get; } = new();
    /// <summary>How far the clock of any of its children was when that ended, in nanoseconds since the step began.</summary>
    public long ChildrenEnded { get; set; }
}

/// <summary>A thread of a strict step: what it is called, its clock and its chance.</summary>
internal sealed class Strand(int number, Member process, Digest name, long start)
{
    private uint born;
    private KeyStream? chance;

    /// <summary>Its number on the host.</summary>
    public int Number { get; set; } = number;
    public Member Process { get; } = process;
    /// <summary>Says which thread of the step it is: the how-manieth of whose children, and so on up; the same in every run.</summary>
    public Digest Name { get; } = name;
    public ThreadClock Clock { get; } = new(process.Clock, start);
    /// <summary>Randomness of its own, from the step's seed and its name.</summary>
    public KeyStream Chance => chance ??= new KeyStream(Name.Bytes);
    /// <summary>Whether its last call collected a child, if there was one.</summary>
    public bool Collects { get; set; }

    /// <summary>The name of the next thread or process that it starts.</summary>
    public Digest NextName()
    {
        Span<byte> text = stackalloc byte[DigestBytes.Size + 4];
        Name.Bytes.CopyTo(text);
        BinaryPrimitives.WriteUInt32LittleEndian(text[DigestBytes.Size..], born++);
        return Digest.Of(text);
    }

    /// <summary>A key stream for something it opened: the next draw of its own chance is the key.</summary>
    public KeyStream NextStream()
    {
        var key = new byte[DigestBytes.Size];
        Chance.Fill(key);
        return new KeyStream(key);
    }
}

/// <summary>
/// The processes and threads of a strict step, as the tracer tells of them. Each is told before it makes its first call. For
/// use under <see cref="Lock"/>.
/// </summary>
internal sealed class Family(StrictTerms terms)
{
    private readonly Dictionary<int, Strand> strands = [];

    /// <summary>The tracer and the supervisor take turns.</summary>
    public Lock Lock { get; } = new();

    /// <summary>The thread of that number; null when it is not known.</summary>
    public Strand? Find(int number) => strands.GetValueOrDefault(number);

    /// <summary>The step's first process.</summary>
    public Strand AddFirst(int number) => strands[number] = new Strand(number, new Member(number, parent: null), terms.Seed, start: 0);

    /// <summary>A thread started a process or, within its own, a thread.</summary>
    public void AddChild(Strand parent, int number, bool isThread)
    {
        var process = isThread ? parent.Process : new Member(number, parent.Process);
        strands[number] = new Strand(number, process, parent.NextName(), parent.Clock.Now);
    }

    /// <summary>A thread executed a program: it is its process's first from now on, and the only one.</summary>
    public Strand? Execute(int formerNumber, int number)
    {
        if (!strands.Remove(formerNumber, out var strand)) return Find(number);
        foreach (var other in strands.Values.Where(s => s.Process == strand.Process).ToArray()) strands.Remove(other.Number);
        strand.Number = number;
        return strands[number] = strand;
    }

    /// <summary>
    /// A process is about to end by itself: whoever collects it will be no earlier. When one is killed, by a pipe that nobody
    /// reads above all, is a matter of chance.
    /// </summary>
    public static void End(Strand strand)
    {
        if (strand.Process.Parent is { } parent) parent.ChildrenEnded = Math.Max(parent.ChildrenEnded, strand.Clock.Now);
    }

    /// <summary>A thread is gone.</summary>
    public void Remove(int number) => strands.Remove(number);
}
