<?php
/**
 * Prints the extension's declarations as PHP: signatures from Reflection, shapes and descriptions
 * from the ability table. Output is the same for the same extension.
 *
 * Usage: php -d extension=… stubs.php
 */

declare( strict_types = 1 );

/** What Reflection and the table do not know: summary and return type of the other methods. */
const METHODS = array(
	'WP_Codebox_API::execute_ability'        => array( 'Carries out an ability by its name or one of its aliases.', 'array<string, mixed>|\WP_Error' ),
	'WP_Codebox_API::abilities'              => array( 'The table of abilities, each row as wp_register_ability() needs it.', 'list<array<string, mixed>>' ),
	'WP_Codebox_API::validate_ability_input' => array( 'True if the ability would read this input. Nothing is started.', 'true|\WP_Error' ),
	'WP_Codebox_API::authorize'              => array( 'Whether the caller that an input names in `authorization` is trusted with a scope.', 'array{schema: string, caller: string, scope: string, authorized: bool, method: string, reason: string}|\WP_Error' ),
	'WP_Codebox_API::doctor'                 => array( 'Looks whether everything is there that a run needs.', "list<array{id: string, label: string, status: 'ok'|'warning'|'error', message: string, fix: string}>" ),
	'WP_Codebox_API::create_sandbox'         => array( 'Makes a disposable WordPress that lives as long as its object. See docs/policy.md for `runtime_policy`.', '\WP_Codebox_Sandbox|\WP_Error' ),
	'WP_Codebox_Sandbox::info'               => array( 'What the sandbox is, also when it was destroyed: id, status, environment, mounts, snapshots.', 'array<string, mixed>|\WP_Error' ),
	'WP_Codebox_Sandbox::mount'              => array( 'Attaches a host directory or file, as in `mounts`. Returns the mount.', 'array<string, mixed>|\WP_Error' ),
	'WP_Codebox_Sandbox::observe'            => array( 'Looks at the sandbox. Types: runtime-info, mounts, files, command-result, wordpress-state, http-response, runtime-events, runtime-logs.', 'array{schema: string, id: string, type: string, data: mixed, observedAt: string, digest: array{algorithm: string, value: string}}|\WP_Error' ),
	'WP_Codebox_Sandbox::collect_artifacts'  => array( 'Writes a bundle of what the sandbox has done so far. Options: `artifacts_path`, `session_id`.', 'array<string, mixed>|\WP_Error' ),
	'WP_Codebox_Sandbox::execute'            => array( 'Carries out a command. One that failed is an answer with `error`. Options: `timeout_seconds`; `on_output`, called with \'stdout\' or \'stderr\' and the bytes.', 'array<string, mixed>|\WP_Error' ),
	'WP_Codebox_Sandbox::cancel'             => array( 'Ends the command that is running, from its callback, a host tool\'s or a signal\'s handler. True if one was.', 'bool' ),
	'WP_Codebox_Sandbox::execute_in_forks'   => array( 'Carries out each of a list of commands in a fork of its own, several at a time.', 'list<array<string, mixed>>|\WP_Error' ),
	'WP_Codebox_Sandbox::set_network'        => array( "Sets what the sandbox may reach from now on: 'deny', 'allow', or array( 'allowHosts' => array( … ) ).", 'true|\WP_Error' ),
	'WP_Codebox_Sandbox::snapshot'           => array( 'Keeps the sandbox as it is now.', 'array{id: string, createdAt: string, semantics: string}|\WP_Error' ),
	'WP_Codebox_Sandbox::restore'            => array( 'Returns to a snapshot of this sandbox, also after a command was stopped at its deadline.', 'array<string, mixed>|\WP_Error' ),
	'WP_Codebox_Sandbox::fork'               => array( 'Sandboxes of their own that begin as this one is now.', 'list<\WP_Codebox_Sandbox>|\WP_Error' ),
	'WP_Codebox_Sandbox::destroy'            => array( 'Ends the sandbox. Returns its events; an empty list if it had ended before.', 'list<array<string, mixed>>|\WP_Error' ),
	'WP_Codebox_Exception::get_error_code'   => array( 'The stable code, such as wp_codebox_task_missing.', 'string' ),
	'WP_Codebox_Exception::jsonSerialize'    => array( 'Code, message, data and name; for a violation of the policy that document.', 'mixed' ),
	'WP_Codebox_Exception::get_error_data'   => array( 'Named facts: the HTTP status, the field, …', 'array<string, mixed>' ),
);

const CLASSES = array(
	'WP_Codebox_API'       => array(
		'The native API of WP Codebox.',
		'',
		'A refusal is returned as a WP_Error if that class is loaded, and thrown as a',
		'WP_Codebox_Exception if it is not.',
	),
	'WP_Codebox_Sandbox'   => array( 'A disposable WordPress. It ends with the object, or when it is destroyed.' ),
	'WP_Codebox_Exception' => array( 'A refusal where there is no WordPress.' ),
);

$abilities = array();
foreach ( WP_Codebox_API::abilities() as $ability ) {
	if ( isset( $ability['canonical_ability'] ) ) {
		$abilities[ $ability['canonical_ability'] ]['aliases'][] = $ability['name'];
	} else {
		$abilities[ $ability['name'] ] = $ability + array( 'aliases' => array() );
	}
}
$by_method = array_column( $abilities, null, 'method' );

echo "<?php\n/**\n * What the extension wp_codebox declares, for editors and analysers. Written by bin/stubs.\n *\n * phpcs:ignoreFile\n */\n\n";
foreach ( ( new ReflectionExtension( 'wp_codebox' ) )->getConstants() as $name => $value ) {
	// The version would change the file with every release.
	echo "/** Version of the extension. */\nconst $name = ", str_ends_with( $name, 'VERSION' ) ? "''" : var_export( $value, true ), ";\n";
}
foreach ( CLASSES as $name => $lines ) {
	print_class( new ReflectionClass( $name ), $lines, $by_method );
}

function print_class( ReflectionClass $class, array $lines, array $abilities ): void {
	$parent = $class->getParentClass() ? ' extends \\' . $class->getParentClass()->name : '';
	echo "\n", docblock( $lines, '' ), $class->isFinal() ? 'final ' : '', "class {$class->name}$parent {\n";
	foreach ( $class->getReflectionConstants() as $constant ) {
		echo "\tpublic const {$constant->name} = ", var_export( $constant->getValue(), true ), ";\n";
	}
	foreach ( $class->getMethods( ReflectionMethod::IS_PUBLIC ) as $method ) {
		if ( $method->class !== $class->name || $method->isConstructor() ) {
			continue;
		}
		echo "\n", docblock( method_lines( $method, $abilities ), "\t" ), "\t", signature( $method ), " {}\n";
	}
	echo "}\n";
}

function method_lines( ReflectionMethod $method, array $abilities ): array {
	$known = METHODS[ "{$method->class}::{$method->name}" ] ?? null;
	if ( $known ) {
		return array( $known[0], '', "@return {$known[1]}" );
	}
	$ability = $abilities[ $method->name ] ?? throw new LogicException( "{$method->name} is neither an ability's nor known" );
	$names   = implode( ', ', array( $ability['name'], ...$ability['aliases'] ) );
	return array(
		...explode( "\n", wordwrap( $ability['description'], 90 ) ),
		'',
		"Ability: $names.",
		'',
		...explode( "\n", '@param ' . shape( $ability['input_schema'], '' ) . ' $input' ),
		...explode( "\n", '@return ' . shape( $ability['output_schema'], '' ) . '|\WP_Error' ),
		'@throws \WP_Codebox_Exception Refused, where there is no WP_Error.',
	);
}

/** A schema as a type that PHPStan and Psalm read. */
function shape( array $schema, string $indent ): string {
	if ( isset( $schema['enum'] ) ) {
		return implode( '|', array_map( fn( $value ) => var_export( $value, true ), $schema['enum'] ) );
	}
	foreach ( array( 'anyOf', 'oneOf' ) as $key ) {
		if ( isset( $schema[ $key ] ) ) {
			return implode( '|', array_unique( array_map( fn( $member ) => shape( $member, $indent ), $schema[ $key ] ) ) );
		}
	}
	$types = (array) $schema['type'];
	if ( count( $types ) > 5 ) {
		return 'mixed';
	}
	return implode( '|', array_map( fn( $type ) => shape_of( $type, $schema, $indent ), $types ) );
}

function shape_of( string $type, array $schema, string $indent ): string {
	switch ( $type ) {
		case 'integer':
			return 'int';
		case 'number':
			return 'float|int';
		case 'boolean':
			return 'bool';
		case 'array':
			return isset( $schema['items'] ) ? 'list<' . shape( $schema['items'], $indent ) . '>' : 'list<mixed>';
		case 'object':
			break;
		default:
			return $type;
	}
	if ( empty( $schema['properties'] ) ) {
		$closed = false === ( $schema['additionalProperties'] ?? true );
		return $closed ? 'array{}' : 'array<string, mixed>';
	}
	$required = $schema['required'] ?? array();
	$lines    = array();
	foreach ( $schema['properties'] as $name => $property ) {
		$optional = in_array( $name, $required, true ) ? '' : '?';
		$lines[]  = "$indent    $name$optional: " . shape( $property, "$indent    " ) . ',';
	}
	return "array{\n" . implode( "\n", $lines ) . "\n$indent}";
}

function signature( ReflectionMethod $method ): string {
	$parameters = array();
	foreach ( $method->getParameters() as $parameter ) {
		$default      = $parameter->isDefaultValueAvailable() ? ' = ' . strtolower( var_export( $parameter->getDefaultValue(), true ) ) : '';
		$parameters[] = $parameter->getType() . " \${$parameter->name}$default";
	}
	$list = $parameters ? ' ' . implode( ', ', $parameters ) . ' ' : '';
	return 'public ' . ( $method->isStatic() ? 'static ' : '' ) . "function {$method->name}($list): {$method->getReturnType()}";
}

function docblock( array $lines, string $indent ): string {
	$body = implode( '', array_map( fn( $line ) => rtrim( "$indent * $line" ) . "\n", $lines ) );
	return "$indent/**\n$body$indent */\n";
}
