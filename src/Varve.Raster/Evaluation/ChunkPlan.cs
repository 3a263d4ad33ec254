using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>
/// What must be done for one chunk. Sources that are one number all over it (outside a polygon, blocks that were never
/// written) are not read, what follows from them alone is computed once, and what then decides nothing is left out.
/// A thread has its own.
/// </summary>
internal sealed unsafe class ChunkPlan : IDisposable
{
    private readonly Program program;
    private readonly Frame probe;
    private readonly Known?[] known;
    private readonly bool[] isNeeded;
    private readonly Known[] fixedValues;
    private readonly ulong[] pixel;

    public ChunkPlan(Program program)
    {
        this.program = program;
        probe = program.MakeFrame();
        var count = program.Slots.Count;
        (known, isNeeded, fixedValues, pixel) = (new Known?[count], new bool[count], new Known[count], GC.AllocateArray<ulong>(1, pinned: true));
        foreach (var slot in program.ConstantSlots) fixedValues[slot] = Take(slot);
    }

    /// <summary>Steps to run, in their order, for each run of pixels.</summary>
    public List<Step> Steps { get; } = [];
    /// <summary>Values that are one number here and are used by the steps.</summary>
    public List<(int Slot, Known Value)> Fills { get; } = [];
    /// <summary>Sources to read, by their number.</summary>
    public List<int> Sources { get; } = [];
    /// <summary>What a value is all over the chunk; null when it varies.</summary>
    public Known? this[int slot] => known[slot];

    /// <summary>Makes the plan of a chunk.</summary>
    /// <param name="uniform">What the source of a number is all over the chunk, when that is known; counted in the source's own type.</param>
    /// <param name="chunk">Which pixels.</param>
    public void Make(Window chunk, Func<int, double?> uniform)
    {
        Array.Clear(known);
        Array.Clear(isNeeded);
        foreach (var slot in program.ConstantSlots) known[slot] = fixedValues[slot];
        foreach (var step in program.Steps)
        {
            var result = step.Result;
            if (step is ISourceStep source)
            {
                if (uniform(source.Source) is not { } value) continue;
                pixel[0] = Known.Of(program.Slots[result].Type, value).Bits;
                fixed (ulong* at = pixel) probe.Sources[source.Source] = (byte*)at;
                step.Run(probe, 0, 1);
                known[result] = Take(result);
                continue;
            }
            if (step.FollowsFromParts && Array.TrueForAll(step.Parts, p => known[p] is not null))
            {
                foreach (var part in step.Parts) Put(part);
                step.Run(probe, 0, 1);
                known[result] = Take(result);
            }
            else
            {
                known[result] = step.Shortcut(known, chunk);
            }
        }
        Steps.Clear();
        Fills.Clear();
        Sources.Clear();
        foreach (var root in program.Roots) isNeeded[root] = true;
        for (var i = program.Steps.Count - 1; i >= 0; i--)
        {
            var step = program.Steps[i];
            if (!isNeeded[step.Result] || known[step.Result] is not null) continue;
            Steps.Add(step);
            if (step is ISourceStep source) Sources.Add(source.Source);
            foreach (var part in step.Needs(known)) isNeeded[part] = true;
        }
        Steps.Reverse();
        for (var slot = 0; slot < known.Length; slot++)
            if (isNeeded[slot] && known[slot] is { } value && !program.IsConstant(slot)) Fills.Add((slot, value));
    }

    /// <summary>Computes all results over a run of the chunk's pixels.</summary>
    public void Run(Frame frame, int at, int count)
    {
        // Values share buffers over time, so each is filled right before the first step that could use it.
        var next = 0;
        foreach (var step in Steps)
        {
            for (; next < Fills.Count && Fills[next].Slot < step.Result; next++) Fill(frame, Fills[next].Slot, Fills[next].Value, count);
            step.Run(frame, at, count);
        }
        for (; next < Fills.Count; next++) Fill(frame, Fills[next].Slot, Fills[next].Value, count);
    }

    private void Fill(Frame frame, int slot, Known value, int count)
    {
        frame.Data[slot] = frame.Own[slot];
        value.Fill(frame.Own[slot], program.Slots[slot].Type.Size(), count);
        frame.HasMiss[slot] = value.IsMissing;
        if (value.IsMissing) new Span<byte>(frame.Miss[slot], count).Fill(1);
    }

    private void Put(int slot)
    {
        if (program.IsConstant(slot)) return;
        Fill(probe, slot, known[slot]!.Value, 1);
    }

    private Known Take(int slot)
    {
        var isMissing = probe.HasMiss[slot] && probe.Miss[slot][0] != 0;
        var data = probe.Data[slot];
        ulong bits = program.Slots[slot].Type.Size() switch { 1 => *data, 2 => *(ushort*)data, 4 => *(uint*)data, _ => *(ulong*)data };
        return new Known(isMissing ? 0 : bits, isMissing);
    }

    public void Dispose() => probe.Dispose();
}
