import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

const ownErrorsOnly = {
  selector: "NewExpression[callee.name=/^(Type|Range|Syntax)?Error$/]",
  message: "Throw a subclass of MergeError (src/errors.ts): it carries a code, a place and a hint.",
};
const noDefaultExport = {
  selector: "ExportDefaultDeclaration",
  message: "Export by name: an import then says what it gets.",
};
const noEnum = { selector: "TSEnumDeclaration", message: "Use a union of string literals." };

export default defineConfig(
  // AssemblyScript is not TypeScript: its compiler checks it.
  globalIgnores(["dist", "demo-out", "demo-report", "coverage", "src/kernels/assembly"]),
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // A counter that runs past the end is an error of the type checker (noUncheckedIndexedAccess), and kernels and
      // parsers index by several counters at once.
      "@typescript-eslint/prefer-for-of": "off",
      // Matters of taste that the code decides case by case.
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/dot-notation": "off",
      // Asks for the non-null assertion that another rule forbids.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-indexed-object-style": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/no-generated-empty-object-type": "off",
      eqeqeq: "error",
      "no-restricted-syntax": ["error", noDefaultExport, noEnum],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/errors.ts"],
    rules: { "no-restricted-syntax": ["error", noDefaultExport, noEnum, ownErrorsOnly] },
  },
  {
    // Kernels are functions of a WebAssembly module, without a "this" to lose.
    files: ["src/engine/**/*.ts"],
    rules: { "@typescript-eslint/unbound-method": "off" },
  },
  {
    // Declarations of an environment, not code.
    files: ["**/*.d.ts"],
    rules: { "@typescript-eslint/no-extraneous-class": "off" },
  },
  {
    // The types of parameters and statistics are carried by inference; an annotation would lose them.
    files: ["src/methods/**/*.ts"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-meaningless-void-operator": "off",
      // What JSON.parse gives is compared, not trusted.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
    },
  },
);
