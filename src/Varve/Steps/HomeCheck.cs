using System.Globalization;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>Whether a home can carry steps: outside the workspace, on a local file system, writable. Told with the remedy.</summary>
internal static class HomeCheck
{
    private const long Nfs = 0x6969, Smb2 = 0xFE534D42, Cifs = 0xFF534D42, Fuse = 0x65735546, Overlay = 0x794C7630;

    /// <exception cref="StepRefusedException">It cannot.</exception>
    public static void Require(VarveHome home, string workspace)
    {
        if (View.IsWithin(home.Folder, workspace))
            throw new StepRefusedException(
                $"Varve's home {home.Folder} lies inside the workspace {workspace}, and a step cannot write over its own records; "
                + "work in a folder of its own (cd), or set VARVE_HOME to a folder outside the workspace");
        try
        {
            Files.MakeDirectories(home.Folder);
        }
        catch (IOException e)
        {
            throw new StepRefusedException($"Varve's home cannot be made: {e.Message}; set VARVE_HOME to a folder you may write", e);
        }
        if (Files.FileSystem(home.Folder) is not { } system) return;
        var name = system.Type switch { Nfs => "NFS", Smb2 or Cifs => "SMB", Fuse => "FUSE", Overlay => "another overlay", _ => "" };
        if (name.Length == 0) return;
        throw new StepRefusedException(string.Create(CultureInfo.InvariantCulture,
            $"Varve's home {home.Folder} lies on {name}, which cannot carry an overlay's upper layer; set VARVE_HOME to a folder on a local disk (ext4, xfs, btrfs or tmpfs)"));
    }
}
