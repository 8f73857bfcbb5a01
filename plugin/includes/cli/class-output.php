<?php
/**
 * Output of a command.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Prints a result on stdout, JSON first, and ends with a truthful status.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Output {

	/** What a single result can be printed as. */
	public const ENVELOPE = array( 'json' );
	/** What a report can be printed as. */
	public const REPORT = array( 'json', 'table', 'csv', 'yaml' );
	/** What a list can be printed as, the default first. */
	public const ROWS = array( 'json', 'table', 'csv', 'yaml', 'ids', 'count' );

	/**
	 * The wanted format.
	 *
	 * @var string
	 */
	private string $format;

	/**
	 * The wanted columns; empty for the default ones.
	 *
	 * @var string[]
	 */
	private array $fields;

	/**
	 * Reads the flags about output, so that a mistake in them is refused before anything is done.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $flags   Flags.
	 * @param string[]             $formats The formats to choose from.
	 * @param string               $default Optional. Format if none is asked for. Default `json`.
	 *
	 * @throws InvalidArgumentException If the format is not one of them.
	 */
	public function __construct( array $flags, array $formats, string $default = 'json' ) {
		$this->format = (string) ( $flags['format'] ?? $default );
		if ( ! in_array( $this->format, $formats, true ) ) {
			throw new InvalidArgumentException( 1 === count( $formats ) ? "format: $formats[0] is all there is" : 'format: one of ' . implode( ', ', $formats ) );
		}
		$this->fields = WP_Codebox_Text_Input::words( (string) ( $flags['fields'] ?? '' ) );
	}

	/**
	 * The flags that a command has for its output.
	 *
	 * @since 0.1.0
	 *
	 * @param string[] $formats The formats to choose from.
	 * @return array<int, array<string, mixed>>
	 */
	public static function synopsis( array $formats ): array {
		$synopsis = array(
			array(
				'type'        => 'assoc',
				'name'        => 'format',
				'description' => 'How to print: ' . implode( ', ', $formats ) . '.',
				'optional'    => true,
			),
		);
		if ( in_array( 'table', $formats, true ) ) {
			$synopsis[] = array(
				'type'        => 'assoc',
				'name'        => 'fields',
				'description' => 'Columns to print, with commas between them; json has all.',
				'optional'    => true,
			);
		}
		return $synopsis;
	}

	/**
	 * Ends the command without a result: one line on stderr, exit status 1.
	 *
	 * @since 0.1.0
	 *
	 * @param string $message What is wrong.
	 * @param string $code    Optional. Stable error code. Default none.
	 */
	public static function fail( string $message, string $code = '' ): never {
		$line = trim( (string) preg_replace( '/\s+/', ' ', $message ) );
		WP_CLI::error( '' === $code ? $line : "{$line} ({$code})", false );
		WP_CLI::halt( 1 );
	}

	/**
	 * Prints what a method of `WP_Codebox_API` returned, and exits with 1 unless it succeeded.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed>|WP_Error $result The result.
	 * @param array<string, mixed>          $schema Schema of the result.
	 */
	public function finish( $result, array $schema ): void {
		if ( is_wp_error( $result ) ) {
			self::fail( $result->get_error_message(), (string) $result->get_error_code() );
		}
		$result = (array) $result;
		$this->write( $result, $schema );
		if ( true !== ( $result['success'] ?? null ) ) {
			$error = is_array( $result['error'] ?? null ) ? $result['error'] : array();
			self::fail( (string) ( $error['message'] ?? 'The run failed.' ), (string) ( $error['code'] ?? '' ) );
		}
	}

	/**
	 * Prints rows.
	 *
	 * @since 0.1.0
	 *
	 * @param array<int, array<string, mixed>> $rows    The rows.
	 * @param string[]                         $columns Columns if none are asked for.
	 */
	public function rows( array $rows, array $columns ): void {
		if ( 'json' === $this->format ) {
			self::json( $rows );
			return;
		}
		if ( 'count' === $this->format ) {
			WP_CLI::line( (string) count( $rows ) );
			return;
		}
		if ( 'ids' === $this->format ) {
			// A row's first column tells it from the others.
			WP_CLI::line( implode( ' ', array_column( $rows, $columns[0] ) ) );
			return;
		}
		$columns = $this->fields ? $this->fields : $columns;
		if ( 'yaml' === $this->format ) {
			// Its values have types of their own.
			WP_CLI\Utils\format_items( $this->format, array_map( static fn( $row ) => array_map( array( self::class, 'flat' ), $row ) + array_fill_keys( $columns, '' ), $rows ), $columns );
			return;
		}
		$rows = array_map( static fn( $row ) => array_map( array( self::class, 'cell' ), $row ), $rows );
		foreach ( $rows as &$row ) {
			$row += array_fill_keys( $columns, '' );
		}
		unset( $row );
		WP_CLI\Utils\format_items( $this->format, $rows, $columns );
	}

	/**
	 * Prints a result: all of it as JSON, or the list in it as rows.
	 *
	 * @param array<string, mixed> $result The result.
	 * @param array<string, mixed> $schema Its schema, from which a list's columns are read.
	 */
	private function write( array $result, array $schema ): void {
		if ( 'json' === $this->format ) {
			self::json( $result );
			return;
		}
		foreach ( $schema['properties'] ?? array() as $name => $property ) {
			if ( isset( $property['items']['properties'] ) ) {
				$rows = array_map( static fn( $row ) => (array) $row, $result[ $name ] ?? array() );
				if ( 'count' === $this->format && isset( $result['total'] ) ) {
					// A page is not all there is.
					WP_CLI::line( (string) $result['total'] );
					return;
				}
				$this->rows( $rows, self::columns( $property['items']['properties'] ) );
				return;
			}
		}
	}

	/**
	 * The fields that fit into a cell.
	 *
	 * @param array<string, array<string, mixed>> $properties Schemas of a row's fields.
	 * @return string[]
	 */
	private static function columns( array $properties ): array {
		$scalar = static fn( $schema ) => array() === array_intersect( (array) ( $schema['type'] ?? 'object' ), array( 'array', 'object' ) );
		return array_keys( array_filter( $properties, $scalar ) );
	}

	/**
	 * A value that is no list and no object: those as their text.
	 *
	 * @param mixed $value The value.
	 * @return mixed
	 */
	private static function flat( $value ) {
		return is_scalar( $value ) || null === $value ? $value : self::cell( $value );
	}

	/**
	 * A value as the text of one cell.
	 *
	 * @param mixed $value The value.
	 */
	private static function cell( $value ): string {
		return match ( true ) {
			is_bool( $value ) => $value ? 'true' : 'false',
			is_scalar( $value ) => (string) $value,
			null === $value => '',
			default => (string) wp_json_encode( $value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ),
		};
	}

	/**
	 * Prints JSON.
	 *
	 * @param mixed $value The value.
	 */
	private static function json( $value ): void {
		WP_CLI::line( (string) wp_json_encode( $value, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) );
	}
}
