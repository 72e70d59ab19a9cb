using Meerkat.Fuzz;

Coverage.Prepare();
return FuzzCommand.Create().Parse(args).Invoke();
