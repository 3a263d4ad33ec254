using System.Diagnostics;
using System.IO.Compression;

namespace Varve.Snapshots.Volumes;

/// <summary>A program that sends or receives, here or behind ssh; between hosts its stream may be packed.</summary>
internal sealed class ProcessEnd : IEnd
{
    // The status that counts is that of what sends, and not of what packs.
    private const string PackingScript = """
        p=$1; shift
        { { { { "$@" 3>&-; echo $? >&3; } | sh -c "$p" 3>&- >&4; } 3>&1; } | { read -r s; exit "$s"; }; } 4>&1
        """;

    // What unpacks fails when its stream is cut; the receiver sees the end too early then, and fails as well.
    private const string UnpackingScript = """p=$1; shift; sh -c "$p" | "$@" """;

    private readonly Process _process;
    private readonly IReadOnlyList<string> _command;
    private readonly Task<string> _error;
    private readonly Action? _after;
    private readonly bool _receives;
    private readonly CountingStream _wire;
    private bool _isDisposed;

    public ProcessEnd(Host host, IReadOnlyList<string> command, bool receives, Packing packing = Packing.None, Action? after = null)
    {
        (_command, _receives, _after) = (command, receives, after);
        if (host.IsLocal) packing = Packing.None;
        _process = host.Start(packing == Packing.None ? command : ["sh", "-c", receives ? UnpackingScript : PackingScript, "sh", Program(packing, receives), .. command], receives);
        _error = _process.StandardError.ReadToEndAsync();
        _wire = new CountingStream(receives ? _process.StandardInput.BaseStream : _process.StandardOutput.BaseStream);
        Bytes = packing == Packing.None ? _wire : receives ? Packer(packing, _wire) : Unpacker(packing, _wire);
    }

    public Stream Bytes { get; }

    public long BytesOnWire => _wire.Count;

    private static string Program(Packing packing, bool unpacks) => (packing, unpacks) switch
    {
        (Packing.Gzip, true) => "exec gzip -dc",
        (Packing.Gzip, false) => "exec gzip -c -1",
        (_, true) => "exec zstd -dcq",
        (Packing.ZstdSlow, false) => "exec zstd -cq -T0 -15",
        (_, false) => "exec zstd -cq -1",
    };

    private static Stream Packer(Packing packing, Stream wire) => packing switch
    {
        Packing.Gzip => new GZipStream(wire, CompressionLevel.Fastest),
        Packing.ZstdSlow => new ZstdSharp.CompressionStream(wire, 15, leaveOpen: false),
        _ => new ZstdSharp.CompressionStream(wire, 1, leaveOpen: false),
    };

    private static Stream Unpacker(Packing packing, Stream wire) => packing == Packing.Gzip ? new GZipStream(wire, CompressionMode.Decompress) : new ZstdSharp.DecompressionStream(wire, leaveOpen: false);

    public void Complete()
    {
        if (_receives)
        {
            // What it prints must not fill the pipe.
            var said = _process.StandardOutput.ReadToEndAsync();
            try
            {
                Bytes.Close();
            }
            catch (IOException)
            {
                // It went away already; its words below say why.
            }
            _ = said.Result;
        }
        _process.WaitForExit();
        if (_process.ExitCode != 0) throw Host.Failed(_command, _process.ExitCode, _error.Result);
        _after?.Invoke();
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (!_process.HasExited && _receives) Leave();
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    /// <summary>A receiver that sees the end of its stream too early cleans up, or keeps what came, and ends by itself.</summary>
    private void Leave()
    {
        try
        {
            _process.StandardInput.BaseStream.Close();
        }
        catch (IOException)
        {
            // It is ending already.
        }
        _process.WaitForExit(PatienceToLeave);
    }

    private static readonly TimeSpan PatienceToLeave = TimeSpan.FromSeconds(5);
}
