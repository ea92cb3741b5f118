import type { CompiledRules } from "@freshet/rules";

/**
 * The same rules without their versions: every bust is blind. Nothing that is cached stays, however new, and loads that are under
 * way are refused for a while; floors that stand are not lowered, a blind one stands beside them.
 */
export function forced(rules: CompiledRules): CompiledRules {
  return {
    ...rules,
    map: (event) => {
      const mapped = rules.map(event);
      if (mapped.kind === "rejected") return mapped;
      return { ...mapped, busts: mapped.busts.map((bust) => ({ ...bust, version: null })) };
    },
  };
}
