namespace Varve.Raster.Native;

/// <summary>Things that a caller holds by number. A number that names nothing is an error, and never a crash.</summary>
internal static class Handles
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<long, object> Things = [];
    private static long last;

    public static long Add(object thing)
    {
        lock (Gate)
        {
            Things[++last] = thing;
            return last;
        }
    }

    /// <exception cref="RasterException">There is no such thing.</exception>
    public static T Get<T>(long handle) where T : class
    {
        lock (Gate)
            return Things.TryGetValue(handle, out var thing) && thing is T wanted ? wanted
                : throw new RasterException(typeof(T) == typeof(Layer) ? "this layer was closed" : $"handle {handle} is no {typeof(T).Name.ToLowerInvariant()}, or was released");
    }

    public static void Release(long handle)
    {
        lock (Gate) Things.Remove(handle);
    }
}
