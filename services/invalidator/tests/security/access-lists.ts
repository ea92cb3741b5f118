import { readFileSync } from "node:fs";
import { join } from "node:path";
import kafkajs, { type AclEntry } from "kafkajs";

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

interface Role {
  readonly role: string;
  readonly allow: readonly {
    readonly on: "topic" | "group";
    readonly name: string;
    readonly pattern: "literal" | "prefixed";
    readonly operations: readonly ("Read" | "Write" | "Delete" | "Describe" | "DescribeConfigs")[];
  }[];
}

const operationTypes = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Delete: AclOperationTypes.DELETE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
} as const;

const FILE = join(import.meta.dirname, "..", "..", "..", "..", "infra", "kafka", "acls.json");

/** One right of a role, as the file that administrators use lists it. */
export interface ListedRight {
  /** As in `Read on topic orders`. */
  readonly text: string;
  readonly acl: AclEntry;
}

/** All roles of the file. */
export function roles(): readonly string[] {
  return readRoles().map(({ role }) => role);
}

function readRoles(): readonly Role[] {
  return (JSON.parse(readFileSync(FILE, "utf8")) as { readonly roles: readonly Role[] }).roles;
}

/** The rights of a role, with names in place of the placeholders, for the user of that name or another one. */
export function rightsOf(role: string, names: Readonly<Record<string, string>>, user = role): readonly ListedRight[] {
  const found = readRoles().find((one) => one.role === role);
  if (found === undefined) throw new Error(`${FILE} has no role ${role}`);
  return found.allow.flatMap(({ on, name, pattern, operations }) => {
    const resourceName = name.replace(/\$\{(\w+)\}/g, (_, key: string) => names[key] ?? "");
    return operations.map((operation) => ({
      text: `${operation} on ${on} ${resourceName}`,
      acl: {
        resourceType: on === "topic" ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
        resourceName,
        resourcePatternType: pattern === "literal" ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
        principal: `User:${user}`,
        host: "*",
        operation: operationTypes[operation],
        permissionType: AclPermissionTypes.ALLOW,
      },
    }));
  });
}
