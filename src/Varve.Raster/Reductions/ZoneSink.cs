using System.Numerics;
using Varve.Raster.Evaluation;
using Varve.Raster.Grids;

namespace Varve.Raster.Reductions;

/// <summary>Tallies the values of a pass for each zone that another of its results names.</summary>
internal sealed class ZoneSink(int valueRoot, int zoneRoot) : ISink
{
    /// <summary>Each zone takes about 1.2 kB in each thread.</summary>
    private const int MostZones = 100_000;
    private readonly Lock gate = new();
    private readonly Dictionary<long, Tally> zones = [];
    private PixelType type;

    public (long Width, long Height)? Tile => null;
    public long BytesFor(long pixels) => 0;

    /// <summary>The zones, by number.</summary>
    public SortedDictionary<long, Statistics> Result => new(zones.ToDictionary(static z => z.Key, z => z.Value.Result(type)));

    public ISinkPart Part(Program program, long chunkPixels)
    {
        type = program.Slots[program.Roots[valueRoot]].Type;
        var zone = program.Roots[zoneRoot];
        return Step.ForType(type, new ValueMaker(this, program.Roots[valueRoot], zone, program.Slots[zone].Type));
    }

    public void Finish() { }

    private sealed record ValueMaker(ZoneSink Sink, int Value, int Zone, PixelType ZoneType) : IMaker<ISinkPart>
    {
        public ISinkPart Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => Step.ForType(ZoneType, new ZoneMaker<T>(Sink, Value, Zone));
    }

    private sealed record ZoneMaker<TValue>(ZoneSink Sink, int Value, int Zone) : IMaker<ISinkPart> where TValue : unmanaged, INumber<TValue>
    {
        public ISinkPart Make<T>() where T : unmanaged, INumber<T>, IMinMaxValue<T> => new ZonePart<TValue, T>(Sink, Value, Zone);
    }

    private sealed unsafe class ZonePart<TValue, TZone>(ZoneSink sink, int value, int zone) : ISinkPart where TValue : unmanaged, INumber<TValue> where TZone : unmanaged, INumber<TZone>
    {
        private readonly Dictionary<long, Tally> own = [];
        private readonly bool isReal = typeof(TValue) == typeof(float) || typeof(TValue) == typeof(double);

        public void Take(Frame frame, int at, int count)
        {
            var values = (TValue*)frame.Data[value];
            var numbers = (TZone*)frame.Data[zone];
            var missValue = frame.HasMiss[value] ? frame.Miss[value] : null;
            var missZone = frame.HasMiss[zone] ? frame.Miss[zone] : null;
            for (var i = 0; i < count;)
            {
                var number = numbers[i];
                var end = i + 1;
                var isNone = missZone != null && missZone[i] != 0;
                while (end < count && numbers[end] == number && (missZone != null && missZone[end] != 0) == isNone) end++;
                if (!isNone) Take(Of(number), values, missValue, i, end);
                i = end;
            }
        }

        /// <summary>A run of pixels of one zone.</summary>
        private void Take(Tally tally, TValue* values, byte* miss, int from, int to)
        {
            var (missing, least, most, sum) = (0, double.PositiveInfinity, double.NegativeInfinity, Int128.Zero);
            for (var i = from; i < to; i++)
            {
                if ((miss != null && miss[i] != 0) || TValue.IsNaN(values[i]))
                {
                    missing++;
                    continue;
                }
                var x = double.CreateTruncating(values[i]);
                least = Math.Min(least, x);
                most = Math.Max(most, x);
                if (isReal) tally.Real.Add(x);
                else sum += Int128.CreateTruncating(values[i]);
                var square = x * x;
                tally.Squares.Add(square);
                if (double.IsFinite(square)) tally.Squares.Add(Math.FusedMultiplyAdd(x, x, -square));
            }
            tally.Counted(to - from - missing, missing);
            tally.AddWhole(sum);
            if (missing < to - from) tally.Extend(least, most);
        }

        private Tally Of(TZone number)
        {
            var key = long.CreateSaturating(number);
            if (own.TryGetValue(key, out var tally)) return tally;
            if (own.Count >= MostZones) throw new RasterException($"there are more than {MostZones:#,0} zones; zones are integers that name areas, such as the values of a map of countries");
            return own[key] = new Tally();
        }

        public bool TakeUniform(ChunkPlan plan, Window chunk) => plan[zone] is { IsMissing: true };

        public void End(long index, Window chunk) { }

        public void Dispose()
        {
            lock (sink.gate)
                foreach (var (key, tally) in own)
                {
                    if (sink.zones.TryGetValue(key, out var known)) known.Add(tally);
                    else sink.zones[key] = tally;
                }
        }
    }
}
