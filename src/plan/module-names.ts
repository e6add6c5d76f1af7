import { layerOf } from "../tensor/names.ts";

/** What a module of some name takes. */
export interface Claim {
  /** Beginnings of tensor names. */
  readonly prefixes: readonly string[];
  /** Whether several prefixes are meant together. */
  readonly together: boolean;
  /** Whether all that no other module takes is meant where there is no prefix. */
  readonly takesRest: boolean;
}

interface Role {
  /** Names of modules, as mergekit's tables of architectures have them. */
  readonly modules: RegExp;
  /** Components of tensor names. */
  readonly components: RegExp;
  readonly takesRest: boolean;
}

const ROLES: readonly Role[] = [
  {
    modules: /^(?:text|language)(?:_(?:decoder|model))?$/,
    components: /^(?:language_model|text_model|text_decoder|llm)$/,
    takesRest: true,
  },
  {
    modules: /^(?:vision|visual|image)(?:_(?:tower|model|encoder))?$/,
    components: /^(?:vision_tower|vision_model|vision_encoder|visual|image_encoder)$/,
    takesRest: false,
  },
  {
    modules: /projector$|^connector$/,
    components: /projector|merger|^connector$|^modality_projection$/,
    takesRest: false,
  },
  {
    modules: /^audio(?:_(?:tower|model|encoder))?$/,
    components: /^audio_(?:tower|model|encoder)$/,
    takesRest: false,
  },
];

/** Which tensor names a module means: those with its name in them before the layer number, or a usual name for its role. */
export function claimOf(module: string, names: Iterable<string>): Claim {
  if (module === "" || module === "default") return { prefixes: [], together: false, takesRest: true };
  const wanted = module.split(".");
  const own = new Set<string>();
  const usual = new Set<string>();
  const role = ROLES.find(({ modules }) => modules.test(module));
  for (const name of names) {
    const parts = (layerOf(name)?.prefix ?? name).split(".");
    const prefix = (end: number) => parts.slice(0, end).join(".");
    const at = parts.findIndex((_, start) => wanted.every((part, i) => parts[start + i] === part));
    if (at >= 0) own.add(prefix(at + wanted.length));
    const other = role === undefined ? -1 : parts.findIndex((part) => role.components.test(part));
    if (other >= 0) usual.add(prefix(other + 1));
  }
  if (own.size > 0 || role === undefined) return { prefixes: [...own], together: false, takesRest: false };
  return { prefixes: [...usual], together: true, takesRest: role.takesRest };
}
