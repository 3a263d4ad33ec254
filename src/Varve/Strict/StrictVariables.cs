namespace Varve.Strict;

/// <summary>
/// Variables by which libraries that choose their code by the processor they find use what every processor has, for the
/// last digit of a sum may depend on it: the C library, OpenBLAS, OpenSSL, NumPy, OpenMP.
/// </summary>
internal static class StrictVariables
{
    public static IReadOnlyList<KeyValuePair<string, string>> All { get; } =
    [
        new("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-FMA,-FMA4"), new("NPY_DISABLE_CPU_FEATURES", "AVX512F AVX512CD AVX512_SKX AVX2 FMA3"),
        new("OMP_NUM_THREADS", "1"), new("OPENBLAS_CORETYPE", "Prescott"), new("OPENBLAS_NUM_THREADS", "1"), new("OPENSSL_ia32cap", "~0x4000000000000000:~0x40000"),
    ];
}
