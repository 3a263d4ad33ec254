using System.Runtime.InteropServices;
using System.Text;

namespace Varve.Raster.Native;

/// <summary>What went wrong, as numbers of the header.</summary>
internal enum FaultKind
{
    None,
    /// <summary>What was asked cannot be done with these layers, or a file is damaged.</summary>
    Raster,
    NoSuchFile,
    InputOutput,
    NoSuchBand,
    Canceled,
    Memory,
    /// <summary>A mistake in Varve itself.</summary>
    Internal,
}

/// <summary>Nothing is thrown over the border: the last fault of each thread is kept, and told when asked for.</summary>
internal static unsafe class Faults
{
    [ThreadStatic]
    private static byte[]? text;
    [ThreadStatic]
    private static FaultKind kind;

    [UnmanagedCallersOnly(EntryPoint = "varve_error_kind")]
    public static int Kind() => (int)kind;

    [UnmanagedCallersOnly(EntryPoint = "varve_error")]
    public static long Text(byte* into, long size) => Copy(text ?? [], into, size);

    /// <summary>A handle to what is made; 0 after a fault.</summary>
    public static long Handle(Func<object> make)
    {
        try
        {
            return Handles.Add(make());
        }
        catch (Exception e)
        {
            Keep(e);
            return 0;
        }
    }

    /// <summary>What is told; -1 after a fault.</summary>
    public static long Number(Func<long> tell)
    {
        try
        {
            return tell();
        }
        catch (Exception e)
        {
            Keep(e);
            return -1;
        }
    }

    public static void Keep(Exception fault)
    {
        kind = KindOf(fault);
        var words = kind switch
        {
            FaultKind.Internal => $"a mistake in Varve itself, please report it: {fault}",
            FaultKind.Memory => "there is not enough memory for this",
            FaultKind.Canceled => "interrupted",
            _ => fault.Message,
        };
        text = Encoding.UTF8.GetBytes(words);
    }

    /// <summary>Copies bytes, and a 0 after them, as far as there is room.</summary>
    /// <returns>How many there are.</returns>
    public static long Copy(ReadOnlySpan<byte> bytes, byte* into, long size)
    {
        if (into == null || size <= 0) return bytes.Length;
        var count = (int)Math.Min(bytes.Length, size - 1);
        bytes[..count].CopyTo(new Span<byte>(into, count));
        into[count] = 0;
        return bytes.Length;
    }

    private static FaultKind KindOf(Exception fault) => fault switch
    {
        RasterException { IsNoSuchBand: true } => FaultKind.NoSuchBand,
        RasterException { InnerException: FileNotFoundException or DirectoryNotFoundException } => FaultKind.NoSuchFile,
        RasterException { InnerException: IOException or UnauthorizedAccessException } => FaultKind.InputOutput,
        RasterException => FaultKind.Raster,
        FileNotFoundException or DirectoryNotFoundException => FaultKind.NoSuchFile,
        IOException or UnauthorizedAccessException => FaultKind.InputOutput,
        OperationCanceledException => FaultKind.Canceled,
        OutOfMemoryException => FaultKind.Memory,
        _ => FaultKind.Internal,
    };
}
