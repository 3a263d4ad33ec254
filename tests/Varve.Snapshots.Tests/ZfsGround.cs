using Varve.Snapshots.Replication;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>Syncs from pool to pool of an emulated host.</summary>
public abstract class ZfsGround(ZfsMachine machine) : IDisposable
{
    private protected static readonly SyncOptions NoSnapshot = new() { SyncSnapshot = false };
    private protected readonly ZfsFixture _f = new(machine);

    private protected ZfsMachine Machine => machine;

    public void Dispose()
    {
        _f.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected TransferResult Run(string source, string target, SyncOptions? options = null, CancellationToken? cancel = null) =>
        Assert.Single(Sync.Run(new Side(_f.Volumes, source), new Side(_f.Volumes, target), options ?? NoSnapshot, cancel: cancel ?? TestContext.Current.CancellationToken).Results);

    private protected static void Succeeds(TransferResult result) => Assert.Equal("", result.Failure);

    private protected void Take(string dataset, string name, string text)
    {
        _f.Write(dataset, text);
        _f.Volumes.Take([(dataset, name)], children: false);
    }
}
