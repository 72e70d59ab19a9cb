namespace Meerkat.Core.Signing;

/// <summary>What is known of one place of a bundle.</summary>
/// <param name="Place">0 to 7.</param>
/// <param name="Text">In words, with the names of signature and key.</param>
public sealed record SignatureFinding(int Place, SignatureState State, string Text);
