// The standard flags of gRPC's interop programs: `--name=value` or `--name value`.

// The flags, each a number where its default is one. What is not known is a usage error (exit 2), TLS too.
export function parse(defaults) {
  const flags = { use_tls: "false", ...defaults };
  const given = process.argv.slice(2);
  while (given.length > 0) {
    const [, name, , value = given.shift()] = given.shift().match(/^--(\w+)(=(.*))?$/) ?? [];
    if (!(name in flags) || value === undefined) usage(`no flag --${name}, or it has no value`);
    flags[name] = typeof flags[name] === "number" ? Number(value) : value;
    if (Number.isNaN(flags[name])) usage(`--${name} is a number`);
  }
  if (flags.use_tls === "true") usage("--use_tls=true: there is no TLS here");
  return flags;
}

export function usage(text) {
  console.error(`usage: ${text}`);
  process.exit(2);
}
