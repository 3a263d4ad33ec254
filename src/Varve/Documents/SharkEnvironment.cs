using Varve.Linux;
using Varve.Steps;
using Varve.Store;

namespace Varve.Documents;

/// <summary>
/// A root file system while a Shark build makes it: one folder in Varve's home for each state, named by how it came to
/// be. A state shares the files of the one before by hard links; nothing writes to them in place.
/// </summary>
internal sealed class SharkEnvironment(VarveHome home, string name)
{
    /// <summary>Its folder; empty until the base is there.</summary>
    public string Root { get; private set; } = "";
    /// <summary>What it was made of and by what.</summary>
    public Digest Identity { get; private set; }
    /// <summary>Where steps start.</summary>
    public string Directory { get; set; } = "/";
    /// <summary>Variables that its builds set.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["PATH"] = StepEnvironment.PlainPath };
    /// <summary>The program that runs a build's text.</summary>
    public IReadOnlyList<string> Shell { get; set; } = ["/bin/sh", "-c"];

    /// <summary>How it stands in a step's key.</summary>
    public string KeyText => $"{name}@{Identity}";

    /// <summary>Begins with a folder of the host's.</summary>
    public void From(string folder)
    {
        Identity = Digest.Of(PathText.Encode($"from {folder} {Fingerprint(folder)}"));
        Make(target => CopyTree(folder, target, share: false));
    }

    /// <summary>Goes on with what a step of the build left different.</summary>
    public void Apply(StepOutcome outcome, IStepRunner runner)
    {
        var before = Root;
        Identity = Digest.Of([.. Identity.Bytes, .. System.Text.Encoding.ASCII.GetBytes(outcome.Trace.Execution)]);
        Make(target =>
        {
            CopyTree(before, target, share: true);
            runner.PutInPlace(outcome with { Request = outcome.Request with { RootLayers = [target], WorkspaceOutside = target } });
        });
    }

    private void Make(Action<string> fill)
    {
        var folder = $"{home.EnvironmentsFolder}/{Identity.Hex}";
        if (!Files.Look(folder).Exists)
        {
            Files.MakeDirectories(home.EnvironmentsFolder);
            var temporary = $"{home.EnvironmentsFolder}/.{Guid.NewGuid():N}.tmp";
            fill(temporary);
            Files.Rename(temporary, folder);
        }
        Root = folder;
    }

    /// <summary>The names, sizes, modes and times of all below a folder: a root file system is too large to read for each run.</summary>
    private static Digest Fingerprint(string folder)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        void Walk(string path)
        {
            foreach (var entry in Files.List(path) ?? [])
            {
                var child = $"{path}/{entry.Name}";
                var stamp = Files.Look(child);
                hash.AppendData(PathText.Encode($"{child[folder.Length..]} {stamp.Kind} {stamp.Mode} {(stamp.Kind == FileKind.Directory ? 0 : stamp.Size)} {(stamp.Kind == FileKind.File ? stamp.ModifiedNs : 0)}\n"));
                if (entry.Kind == FileKind.Directory) Walk(child);
            }
        }
        Walk(folder);
        return new Digest(hash.GetHashAndReset());
    }

    private static void CopyTree(string from, string to, bool share)
    {
        var stamp = Files.Look(from);
        switch (stamp.Kind)
        {
            case FileKind.Directory:
                Files.MakeDirectory(to);
                foreach (var entry in Files.List(from) ?? []) CopyTree($"{from}/{entry.Name}", $"{to}/{entry.Name}", share);
                // An ordinary user's copy belongs to that user, who must be able to write into it.
                Files.SetPermissions(to, stamp.Permissions | 0x1C0);
                break;
            case FileKind.Link:
                Files.SymbolicLink(Files.LinkTarget(from) ?? "", to);
                break;
            case FileKind.File when share:
                Files.HardLink(from, to);
                break;
            case FileKind.File:
                CopyFile(from, to, stamp);
                break;
        }
    }

    private static void CopyFile(string from, string to, in FileStamp stamp)
    {
        try
        {
            using var source = Files.OpenRead(from);
            using var target = Files.Create(to, stamp.Permissions | 0x80);
            Files.CopyBytes(source, target, from);
        }
        catch (IOException e) when (e.HResult == Libc.Eacces)
        {
            // What this user cannot read of a root file system (password hashes), its steps could not read either.
            return;
        }
        Files.SetPermissions(to, stamp.Permissions);
        Files.SetModified(to, stamp.ModifiedNs);
    }
}
