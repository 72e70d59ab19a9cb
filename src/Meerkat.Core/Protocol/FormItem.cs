namespace Meerkat.Core.Protocol;

/// <summary>What a <see cref="FormReader"/> has found.</summary>
public enum FormItem
{
    /// <summary>Nothing more in these bytes: the next are needed.</summary>
    None,

    /// <summary>A part begins; its <see cref="FormReader.Disposition"/> is known.</summary>
    PartBegin,

    /// <summary>Some of the bytes of the part begun last.</summary>
    PartData,

    /// <summary>The part begun last is complete.</summary>
    PartEnd,

    /// <summary>This is no form: <see cref="FormReader.Problem"/> says why. Nothing more is read.</summary>
    Problem,
}
