<?php
/**
 * Input of a command.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Puts an ability's input together from a file, JSON on the command line, and flags.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Input {

	/**
	 * Flags that are not fields of the input.
	 */
	private const OWN_FLAGS = array( 'input-json', 'input-file', 'format', 'fields' );

	/**
	 * The flags that every command has for its input.
	 *
	 * @since 0.1.0
	 *
	 * @return array<int, array<string, mixed>>
	 */
	public static function synopsis(): array {
		return array(
			array(
				'type'        => 'assoc',
				'name'        => 'input-json',
				'description' => 'The input as a JSON object.',
				'optional'    => true,
			),
			array(
				'type'        => 'assoc',
				'name'        => 'input-file',
				'description' => 'File with the input as a JSON object; - reads standard input.',
				'optional'    => true,
			),
			// Unknown flags go to the extension, which refuses an unknown field by name.
			array(
				'type'     => 'generic',
				'optional' => true,
			),
		);
	}

	/**
	 * Whether WP-CLI keeps a flag of this name to itself.
	 *
	 * @since 0.1.0
	 *
	 * @param string $field Name of a field.
	 */
	public static function is_taken( string $field ): bool {
		$spec = WP_CLI::get_configurator()->get_spec();
		return false !== ( $spec[ str_replace( '_', '-', $field ) ]['runtime'] ?? false )
			|| in_array( str_replace( '_', '-', $field ), self::OWN_FLAGS, true );
	}

	/**
	 * Reads the input: flags over JSON over file, field by field.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $row   The ability's row.
	 * @param string[]             $args  Positional arguments.
	 * @param array<string, mixed> $flags Flags.
	 * @return array<string, mixed>
	 *
	 * @throws InvalidArgumentException If a part cannot be read.
	 */
	public static function read( array $row, array $args, array $flags ): array {
		$input = array();
		if ( isset( $flags['input-file'] ) ) {
			$input = self::json_object( self::file( (string) $flags['input-file'] ), 'input-file' );
		}
		if ( isset( $flags['input-json'] ) ) {
			$input = array_merge( $input, self::json_object( (string) $flags['input-json'], 'input-json' ) );
		}

		$fields = array();
		foreach ( array_diff_key( $flags, array_flip( self::OWN_FLAGS ) ) as $name => $value ) {
			$fields[ str_replace( '-', '_', (string) $name ) ] = $value;
		}
		$positional = $row['cli']['positional'] ?? null;
		if ( null !== $positional && isset( $args[0] ) ) {
			$fields[ $positional ] = $args[0];
		}
		return array_merge( $input, WP_Codebox_Text_Input::fit( $fields, $row['input_schema'] ) );
	}

	/**
	 * Reads a file.
	 *
	 * @param string $path Path, or `-`.
	 *
	 * @throws InvalidArgumentException If it cannot be read.
	 */
	private static function file( string $path ): string {
		// phpcs:disable WordPress.WP.AlternativeFunctions.file_get_contents_file_get_contents -- A local file.
		if ( '-' === $path ) {
			return (string) file_get_contents( 'php://stdin' );
		}
		$text = is_file( $path ) && is_readable( $path ) ? file_get_contents( $path ) : false;
		// phpcs:enable
		if ( false === $text ) {
			throw new InvalidArgumentException( "Input file is not readable: {$path}" );
		}
		return $text;
	}

	/**
	 * Decodes a JSON object.
	 *
	 * @param string $text  The text.
	 * @param string $field Where it came from, for messages.
	 * @return array<string, mixed> Its members.
	 *
	 * @throws InvalidArgumentException If it is none.
	 */
	private static function json_object( string $text, string $field ): array {
		$value = str_starts_with( ltrim( $text ), '{' ) ? WP_Codebox_Text_Input::json( $text, $field ) : null;
		if ( ! $value instanceof stdClass ) {
			throw new InvalidArgumentException( "{$field} must be a JSON object." );
		}
		return get_object_vars( $value );
	}
}
