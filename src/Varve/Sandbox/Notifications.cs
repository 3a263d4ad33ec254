using System.Runtime.InteropServices;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>A system call that waits for the supervisor's answer (`struct seccomp_notif`, seccomp_unotify(2)).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Notification
{
    public ulong Id;
    public int Thread;
    public uint Flags;
    public int Number;
    public uint Architecture;
    public ulong InstructionPointer;
    public fixed ulong Arguments[6];
}

/// <summary>The kernel's side of the listener: receive a call, answer it.</summary>
internal sealed unsafe class NotificationListener(int descriptor) : IDisposable
{
    public const uint X86_64 = 0xC000003E;
    private const nuint ReceiveRequest = 0xC0502100, SendRequest = 0xC0182101, FlagsRequest = 0x40082104, AddDescriptorRequest = 0x40182103, HeldRequest = 0x40082102;
    private const uint ContinueFlag = 1;

    [StructLayout(LayoutKind.Sequential)]
    private struct Reply
    {
        public ulong Id;
        public long Value;
        public int Error;
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct NewDescriptor
    {
        public ulong Id;
        public uint Flags, Source, Target, TargetFlags;
    }

    /// <summary>Lets the kernel hand over to the waiting side on the same processor; older kernels do without.</summary>
    public void WakeSynchronously() => _ = Libc.ioctl(descriptor, FlagsRequest, (void*)1);

    /// <summary>
    /// From Linux 6.11 on, receiving itself ends when no process is left; before, only polling tells, at the price of
    /// a further system call for each that is observed.
    /// </summary>
    private static readonly bool ReceivingEnds = System.Environment.OSVersion.Version >= new Version(6, 11);

    /// <summary>Waits for the next call. False when no process of the step is left.</summary>
    public bool Receive(out Notification notification)
    {
        fixed (Notification* n = &notification)
        {
            while (ReceivingEnds)
            {
                *n = default;
                if (Libc.ioctl(descriptor, ReceiveRequest, n) == 0) return true;
                // A call whose process was killed meanwhile is gone (ENOENT), and so is the last process: polling tells which.
                if (Libc.Errno == Libc.Eintr) continue;
                if (Libc.Errno != Libc.Enoent || HasHungUp()) return false;
            }
            while (true)
            {
                var source = new Processes.Poll { Descriptor = descriptor, Events = Processes.PollIn };
                if (Processes.poll(&source, 1, -1) < 0 && Libc.Errno != Libc.Eintr) return false;
                if ((source.Returned & Processes.PollIn) == 0)
                {
                    if ((source.Returned & Processes.PollHangUp) != 0) return false;
                    continue;
                }
                *n = default;
                if (Libc.ioctl(descriptor, ReceiveRequest, n) == 0) return true;
            }
        }
    }

    private bool HasHungUp()
    {
        var source = new Processes.Poll { Descriptor = descriptor, Events = Processes.PollIn };
        return Processes.poll(&source, 1, 0) > 0 && (source.Returned & Processes.PollIn) == 0;
    }

    /// <summary>Lets the call go on as it is.</summary>
    public void Continue(ulong id) => Send(new Reply { Id = id, Flags = ContinueFlag });

    /// <summary>Makes the call fail.</summary>
    public void Refuse(ulong id, int error) => Send(new Reply { Id = id, Error = -error });

    /// <summary>Makes the call succeed with a value, without its being made.</summary>
    public void Answer(ulong id, long value) => Send(new Reply { Id = id, Value = value });

    /// <summary>Whether the call still waits; what is written into a process's memory must be for the call that is held.</summary>
    public bool IsHeld(ulong id) => Libc.ioctl(descriptor, HeldRequest, &id) == 0;

    /// <summary>Makes the call, which opens something, succeed with a descriptor of ours. False when it could not be given.</summary>
    public bool AnswerOpened(ulong id, int ours, bool closedOnExecution)
    {
        const uint andAnswer = 2;
        var request = new NewDescriptor { Id = id, Flags = andAnswer, Source = (uint)ours, TargetFlags = closedOnExecution ? (uint)Libc.OCloexec : 0 };
        return Libc.ioctl(descriptor, AddDescriptorRequest, &request) >= 0;
    }

    /// <summary>Gives the process whose call is held a descriptor of ours under a number of its own, in place of what it had there.</summary>
    public bool Install(ulong id, int ours, int number)
    {
        const uint atNumber = 1;
        var request = new NewDescriptor { Id = id, Flags = atNumber, Source = (uint)ours, Target = (uint)number };
        return Libc.ioctl(descriptor, AddDescriptorRequest, &request) >= 0;
    }

    private void Send(Reply answer) => _ = Libc.ioctl(descriptor, SendRequest, &answer);

    public void Dispose() => _ = Libc.close(descriptor);
}
