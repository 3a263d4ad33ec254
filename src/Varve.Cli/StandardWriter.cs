using System.Text;
using Varve.Linux;

namespace Varve.Cli;

/// <summary>
/// Writes to standard output or error and does nothing else: the runtime's own writer also puts the terminal into its
/// keypad mode, so that what a command shows would not be what it wrote.
/// </summary>
internal sealed class StandardWriter(int descriptor) : Stream
{
    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The writer of a standard stream: 1 is output, 2 is error. Each line is written at once.</summary>
    public static StreamWriter Of(int descriptor) => new(new StandardWriter(descriptor), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    /// <exception cref="IOException">The disk is full, or the like. A reader that went away is no failure.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!Processes.WriteAll(descriptor, buffer) && Libc.Errno != Libc.Epipe) throw Files.Failure("write", descriptor == 1 ? "standard output" : "standard error");
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
