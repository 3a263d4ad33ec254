using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Mounting;

/// <summary>
/// The mount itself: for root by mount(2), for others by Debian's <c>fusermount3</c>, which hands the descriptor over a socket.
/// No set-id bit and no device counts below it.
/// </summary>
internal sealed unsafe class FuseDoor : IDisposable
{
    private const string Device = "/dev/fuse", Helper = "/usr/bin/fusermount3", SocketVariable = "_FUSE_COMMFD";
    private const int RightsMessage = 1, SocketLevel = 1;
    private readonly string _target;
    private readonly bool _byHelper;

    private FuseDoor(string target, int descriptor, bool byHelper) => (_target, Descriptor, _byHelper) = (target, descriptor, byHelper);

    /// <summary>Where the kernel asks.</summary>
    public int Descriptor { get; }

    /// <summary>Mounts.</summary>
    /// <exception cref="SnapshotException">It cannot be mounted there.</exception>
    public static FuseDoor Open(string source, MountOptions options)
    {
        var target = options.Target;
        if (Looked(target) is not { } status) throw new SnapshotException($"there is no folder {target} to mount at; make one");
        if (!status.IsDirectory) throw new SnapshotException($"{target} is no folder; give one to mount at");
        var isRoot = Native.geteuid() == 0;
        return new FuseDoor(target, isRoot ? ByKernel(source, options) : ByHelper(options), byHelper: !isRoot);
    }

    /// <summary>What lies at the target, after a dead mount of an earlier run there was ended.</summary>
    private static FileStatus? Looked(string target)
    {
        try
        {
            return Posix.Look(Native.AtFdcwd, Bytes(target));
        }
        catch (IOException e) when (DeadMounts.IsSaid(e))
        {
            if (EndDead(target)) return Posix.Look(Native.AtFdcwd, Bytes(target));
            throw new SnapshotException($"{target} is, or lies in, a mount whose program has ended, and not one of Varve's own that could be mounted over; end it first: {DeadMounts.Command} FOLDER", e);
        }
    }

    /// <summary>Ends a mount that a killed run left; false when it is none of Varve's.</summary>
    private static bool EndDead(string target)
    {
        int mount;
        try
        {
            mount = Posix.Open(Native.AtFdcwd, Bytes(target), MountCalls.Path | Native.NoFollow);
        }
        catch (IOException)
        {
            return false;
        }
        try
        {
            if (!DeadMounts.TypeOf(mount).Equals(DeadMounts.Own, StringComparison.Ordinal)) return false;
            // Reached by what was looked at, so that the mount of another run that was quicker stays.
            if (Native.geteuid() == 0) UnmountAt($"/proc/self/fd/{mount}");
            else UnmountByHelper(target);
            return true;
        }
        finally
        {
            Posix.Close(mount);
        }
    }

    private static byte[] Bytes(string path) => Posix.Terminated(Encoding.UTF8.GetBytes(path));

    private static SnapshotException NoDevice(Exception inner) => new($"{Device} cannot be opened: this kernel has no FUSE, or it is not for you (modprobe fuse); `varve snap repo restore` brings the files back instead", inner);

    private static int ByKernel(string source, MountOptions options)
    {
        int descriptor;
        try
        {
            descriptor = Posix.Open(Native.AtFdcwd, Bytes(Device), Native.ReadWrite);
        }
        catch (IOException e)
        {
            throw NoDevice(e);
        }
        var data = string.Create(CultureInfo.InvariantCulture, $"fd={descriptor},rootmode=40000,user_id=0,group_id=0{(options.AllowOther ? ",allow_other,default_permissions" : "")}");
        fixed (byte* target = Bytes(options.Target))
            if (MountCalls.mount(source, target, DeadMounts.Own, MountCalls.ReadOnly | MountCalls.NoSetId | MountCalls.NoDevices, data) == 0) return descriptor;
        var words = new Win32Exception(MountCalls.Errno).Message;
        Posix.Close(descriptor);
        throw new SnapshotException($"{options.Target}: cannot be mounted at: {words}");
    }

    private static int ByHelper(MountOptions options)
    {
        var pair = stackalloc int[2];
        if (MountCalls.socketpair(MountCalls.UnixFamily, MountCalls.StreamSocket, 0, pair) != 0) throw new SnapshotException($"no socket for {Helper}: {new Win32Exception(MountCalls.Errno).Message}");
        try
        {
            var start = new ProcessStartInfo(Helper, ["-o", $"ro,nosuid,nodev,fsname=varve,subtype=varve{(options.AllowOther ? ",allow_other,default_permissions" : "")}", "--", options.Target]) { UseShellExecute = false, RedirectStandardError = true };
            start.Environment[SocketVariable] = pair[0].ToString(CultureInfo.InvariantCulture);
            using var helper = Process.Start(start)!;
            var error = helper.StandardError.ReadToEndAsync();
            Posix.Close(pair[0]);
            pair[0] = -1;
            var descriptor = Received(pair[1]);
            helper.WaitForExit();
            if (descriptor >= 0 && helper.ExitCode == 0) return descriptor;
            if (descriptor >= 0) Posix.Close(descriptor);
            throw new SnapshotException($"{options.Target}: cannot be mounted at: {(error.Result.Trim() is { Length: > 0 } words ? words.Split('\n')[^1] : $"{Helper} ended with status {helper.ExitCode}")}");
        }
        catch (Win32Exception e)
        {
            throw new SnapshotException($"{Helper} cannot be started: {e.Message}; it takes Debian's package fuse3 for who is not root", e);
        }
        finally
        {
            if (pair[0] >= 0) Posix.Close(pair[0]);
            Posix.Close(pair[1]);
        }
    }

    /// <summary>The descriptor that comes with a message, as <c>SCM_RIGHTS</c>; -1 when none does.</summary>
    private static int Received(int socket)
    {
        var letter = stackalloc byte[1];
        var control = stackalloc byte[24];
        var piece = new MountCalls.Piece { Base = letter, Length = 1 };
        var message = new MountCalls.Message { Pieces = &piece, PieceCount = 1, Control = control, ControlLength = 24 };
        nint got;
        do got = MountCalls.recvmsg(socket, &message, 0);
        while (got < 0 && MountCalls.Errno == MountCalls.Eintr);
        // struct cmsghdr: length (8), level (4), type (4), then the descriptor.
        return got > 0 && message.ControlLength >= 20 && *(int*)(control + 8) == SocketLevel && *(int*)(control + 12) == RightsMessage ? *(int*)(control + 16) : -1;
    }

    /// <summary>Ends the mount; who still has a file open in it keeps it until this program ends.</summary>
    public void Unmount()
    {
        if (_byHelper) UnmountByHelper(_target);
        else UnmountAt(_target);
    }

    private static void UnmountByHelper(string target)
    {
        using var helper = Process.Start(new ProcessStartInfo(Helper, ["-u", "-z", "--", target]) { UseShellExecute = false, RedirectStandardError = true });
        helper?.WaitForExit();
    }

    private static void UnmountAt(string target)
    {
        fixed (byte* name = Bytes(target)) _ = MountCalls.umount2(name, MountCalls.Detach);
    }

    /// <inheritdoc/>
    public void Dispose() => Posix.Close(Descriptor);
}
