using System.Security.Cryptography;

namespace Meerkat.Device.Access;

/// <summary>
/// The nonces that this device has handed out and the uses they have had, so that no proof counts twice. What is not in here was never
/// ours, is too old, or was pushed out by many newer ones: its sender is asked again. A restart forgets all of them.
/// </summary>
/// <param name="time">Measures their age; the wall clock may jump.</param>
/// <param name="bits">How long they are: 31 where a client must hold one in a signed 32-bit number, else 128.</param>
public sealed class NonceTable(TimeProvider time, int bits)
{
    /// <summary>
    /// As many as may be unanswered at once. It bounds the memory, and how many somebody without credentials must ask for within a round
    /// trip to lock out those who have some.
    /// </summary>
    private const int Most = 4096;

    /// <summary>A browser sends its requests side by side, so that their counts may arrive in another order.</summary>
    private const int Window = 64;

    /// <summary>Specification 5.4 and 7.6.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private readonly Dictionary<UInt128, Uses> known = [];
    private readonly Queue<UInt128> oldestFirst = new();

    /// <summary>A new one, never 0, that nobody can guess.</summary>
    public UInt128 Issue()
    {
        lock (gate)
        {
            UInt128 nonce;
            do
            {
                nonce = Random();
            }
            while (nonce == 0 || !known.TryAdd(nonce, new Uses(time.GetTimestamp())));
            oldestFirst.Enqueue(nonce);
            if (oldestFirst.Count > Most)
            {
                known.Remove(oldestFirst.Dequeue());
            }
            return nonce;
        }
    }

    /// <summary>Uses a nonce, after its sender has proved to know a password.</summary>
    /// <param name="nonce">As it came back.</param>
    /// <param name="count">Its sender's count of uses, from 1.</param>
    /// <returns>Whether this use is the first of its count, of a nonce of ours that is young enough.</returns>
    public bool TryUse(UInt128 nonce, uint count)
    {
        lock (gate)
        {
            return known.TryGetValue(nonce, out var uses)
                && time.GetElapsedTime(uses.IssuedAt) <= Lifetime
                && uses.TryUse(count);
        }
    }

    private UInt128 Random()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(bytes) >> (128 - bits);
    }

    /// <summary>The counts used: the highest, and which of those below it.</summary>
    private sealed class Uses(long issuedAt)
    {
        private uint highest;
        private ulong seen;

        public long IssuedAt => issuedAt;

        public bool TryUse(uint count)
        {
            if (count == 0)
            {
                return false;
            }
            if (count > highest)
            {
                var step = count - highest;
                seen = (step < Window ? seen << (int)step : 0) | 1;
                highest = count;
                return true;
            }
            var back = highest - count;
            var bit = back < Window ? 1UL << (int)back : 0;
            if (bit == 0 || (seen & bit) != 0)
            {
                return false;
            }
            seen |= bit;
            return true;
        }
    }
}
