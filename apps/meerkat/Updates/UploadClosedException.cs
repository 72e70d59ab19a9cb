namespace Meerkat.Tool.Updates;

/// <summary>The device takes no bundles by POST; nothing was sent that counts.</summary>
internal sealed class UploadClosedException : Exception;
