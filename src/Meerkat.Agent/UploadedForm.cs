using System.Text;
using Meerkat.Core.Protocol;
using Meerkat.Device;
using Meerkat.Device.Updates;
using Microsoft.Net.Http.Headers;

namespace Meerkat.Agent;

/// <summary>The form of an upload, as it comes: its files go into the update, its fields say how that ends.</summary>
internal sealed class UploadedForm(string boundary, UpdateSession session, StallWatch watch)
{
    private const int MostFieldBytes = 256;

    private readonly FormReader reader = new(boundary);
    private readonly byte[] value = new byte[MostFieldBytes];
    private int valueBytes;
    private string? field;
    private bool isFile;
    private int files;

    /// <summary>Takes the next bytes of the body. An end when the update ended with them; what follows is of no use then.</summary>
    /// <exception cref="FormException">A field's value is none.</exception>
    /// <exception cref="InvalidDataException">The body is no form.</exception>
    public UpdateResult? Take(ReadOnlySpan<byte> bytes)
    {
        while (reader.Read(ref bytes, out var data) is not FormItem.None and var found)
        {
            switch (found)
            {
                case FormItem.PartBegin:
                    BeginPart();
                    break;
                case FormItem.PartData when isFile:
                    watch.Received(data.Length);
                    if (session.Write(data) is { } ended)
                    {
                        return ended;
                    }
                    break;
                case FormItem.PartData when field is not null:
                    Append(data);
                    break;
                case FormItem.PartEnd when field is not null:
                    EndField(field);
                    break;
                case FormItem.Problem:
                    throw new InvalidDataException(reader.Problem);
                default:
                    break;
            }
        }
        return null;
    }

    /// <summary>The body ends here.</summary>
    /// <exception cref="FormException">It had no file.</exception>
    /// <exception cref="InvalidDataException">It is cut off.</exception>
    public void Complete()
    {
        if (reader.Complete() is { } problem)
        {
            throw new InvalidDataException(problem);
        }
        if (files == 0)
        {
            throw new FormException("the form has no file; send one with: curl -F file=@fw.zip");
        }
    }

    /// <param name="name">commit_timeout, activate or force.</param>
    /// <param name="text">Its value.</param>
    /// <exception cref="FormException">The value is none.</exception>
    public void Set(string name, string text)
    {
        string? problem;
        if (name == "activate")
        {
            (session.Activate, problem) = UpdateForm.Flag(name, text);
        }
        else if (name == "force")
        {
            (session.Force, problem) = UpdateForm.Flag(name, text);
        }
        else
        {
            (session.CommitTimeoutSeconds, problem) = UpdateForm.CommitTimeout(text);
        }
        if (problem is not null)
        {
            throw new FormException(problem);
        }
    }

    private void BeginPart()
    {
        isFile = false;
        field = null;
        if (!ContentDispositionHeaderValue.TryParse(reader.Disposition, out var disposition))
        {
            return;
        }
        if (HeaderUtilities.RemoveQuotes(disposition.FileName).Length > 0)
        {
            isFile = true;
            files++;
        }
        else if (HeaderUtilities.RemoveQuotes(disposition.Name).ToString() is ("commit_timeout" or "activate" or "force") and var name)
        {
            field = name;
            valueBytes = 0;
        }
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        var count = Math.Min(data.Length, value.Length - valueBytes);
        data[..count].CopyTo(value.AsSpan(valueBytes));
        valueBytes += count;
        if (valueBytes == value.Length)
        {
            // Longer than any value; what follows is not looked at.
            EndField(field!);
        }
    }

    private void EndField(string name)
    {
        field = null;
        Set(name, Encoding.UTF8.GetString(value, 0, valueBytes).Trim());
    }
}
