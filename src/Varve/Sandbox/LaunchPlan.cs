using System.Globalization;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>The plan that `varve-launch` reads: zero-terminated words, each instruction followed by its arguments (native/launch.c).</summary>
internal static class LaunchPlan
{
    public static byte[] Encode(SandboxRequest request, View view, string root, bool terminal)
    {
        using var bytes = new MemoryStream();
        void Word(string text)
        {
            bytes.Write(PathText.Encode(text));
            bytes.WriteByte(0);
        }
        void List(string name, IReadOnlyCollection<string> words)
        {
            Word(name);
            Word(words.Count.ToString(CultureInfo.InvariantCulture));
            foreach (var word in words) Word(word);
            Word("");
        }

        Word("root");
        Word(root);
        Word("identity");
        // Root without the right to make privileged namespaces (in a container) stays root inside.
        var number = (Libc.geteuid() == 0 && request.Strict is null ? 0 : View.UserNumber).ToString(CultureInfo.InvariantCulture);
        Word(number);
        Word(number);
        Word("host");
        Word(View.UserName);
        if (request.Network != StepNetwork.Open) Word("net");
        if (request.Proxy is not null)
        {
            Word("proxy");
            Word(ProxyDoor.Port.ToString(CultureInfo.InvariantCulture));
        }
        if (terminal) Word("terminal");
        if (request.Strict is not null) Word("strict");
        if (request.Streams.OnSignals is null) Word("apart");
        Word("directory");
        Word(request.Directory);
        if (request.MemoryBytes is { } memory)
        {
            Word("memory");
            Word(memory.ToString(CultureInfo.InvariantCulture));
        }
        List("variables", [.. request.Variables.Select(v => $"{v.Key}={v.Value}")]);
        List("command", request.Command.ToArray());
        Word("mounts");
        foreach (var word in view.Instructions) Word(word);
        return bytes.ToArray();
    }
}
