<?php
/**
 * Input that arrives as text.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Reads text as what a JSON schema declares: flags of a command, parameters of a URL.
 *
 * It never makes a value up. Text that cannot be read as the declared type stays text, and the
 * extension refuses it by name.
 *
 * @since 0.1.0
 */
final class WP_Codebox_Text_Input {

	/**
	 * Fits the top-level fields of an input.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $input  Values by field. Those that are not text are left alone.
	 * @param array<string, mixed> $schema Schema of the input.
	 * @return array<string, mixed>
	 *
	 * @throws InvalidArgumentException If text that is plainly meant to be JSON is not.
	 */
	public static function fit( array $input, array $schema ): array {
		foreach ( $input as $field => $value ) {
			$known = $schema['properties'][ $field ] ?? null;
			if ( is_string( $value ) && is_array( $known ) ) {
				$input[ $field ] = self::read( $value, $known, (string) $field );
			}
		}
		return $input;
	}

	/**
	 * Reads one value.
	 *
	 * @since 0.1.0
	 *
	 * @param string               $text   The text.
	 * @param array<string, mixed> $schema Schema of the field.
	 * @param string               $field  Name of the field, for messages.
	 * @return mixed
	 *
	 * @throws InvalidArgumentException If text that is plainly meant to be JSON is not.
	 */
	public static function read( string $text, array $schema, string $field ) {
		$types = (array) ( $schema['type'] ?? array() );
		$as_is = $text;
		$text  = trim( $text );

		if ( in_array( 'object', $types, true ) && str_starts_with( $text, '{' ) ) {
			return self::json( $text, $field );
		}
		if ( in_array( 'array', $types, true ) ) {
			if ( str_starts_with( $text, '[' ) ) {
				return self::json( $text, $field );
			}
			if ( array( 'array' ) === $types && self::is_list_of_words( $schema ) ) {
				return self::words( $text );
			}
		}
		if ( in_array( 'string', $types, true ) ) {
			return $as_is;
		}
		if ( array_intersect( array( 'object', 'array' ), $types ) ) {
			$what = in_array( 'object', $types, true ) ? 'object' : 'array';
			throw new InvalidArgumentException( "{$field} must be a JSON {$what}." );
		}
		if ( in_array( 'boolean', $types, true ) && in_array( $text, array( 'true', 'false', '1', '0' ), true ) ) {
			return 'true' === $text || '1' === $text;
		}
		if ( in_array( 'integer', $types, true ) || in_array( 'number', $types, true ) ) {
			return self::number( $text, in_array( 'number', $types, true ) );
		}
		return $as_is;
	}

	/**
	 * Splits a list of words with commas between them.
	 *
	 * @since 0.1.0
	 *
	 * @param string $text The text.
	 * @return string[] Without empty words.
	 */
	public static function words( string $text ): array {
		return array_values( array_filter( array_map( 'trim', explode( ',', $text ) ), 'strlen' ) );
	}

	/**
	 * Decodes a JSON object or list. Objects within stay objects, so that an empty one is not taken
	 * for an empty list.
	 *
	 * @since 0.1.0
	 *
	 * @param string $text  The text.
	 * @param string $field Name of the field, for messages.
	 * @return array<int|string, mixed>|stdClass
	 *
	 * @throws InvalidArgumentException If the text is not JSON.
	 */
	public static function json( string $text, string $field ): array|stdClass {
		$what  = str_starts_with( ltrim( $text ), '[' ) ? 'array' : 'object';
		$value = json_decode( $text );
		if ( JSON_ERROR_NONE !== json_last_error() ) {
			throw new InvalidArgumentException( "{$field} must be a JSON {$what}: " . json_last_error_msg() . '.' );
		}
		if ( ! is_array( $value ) && ! $value instanceof stdClass ) {
			throw new InvalidArgumentException( "{$field} must be a JSON {$what}." );
		}
		return $value;
	}

	/**
	 * Whether a list may also be written as words with commas between them.
	 *
	 * @param array<string, mixed> $schema Schema of the list.
	 */
	private static function is_list_of_words( array $schema ): bool {
		return 'string' === ( $schema['items']['type'] ?? null );
	}

	/**
	 * Reads a number.
	 *
	 * @param string $text     The text.
	 * @param bool   $fraction Whether it may have one.
	 * @return int|float|string The text itself if it is no number.
	 */
	private static function number( string $text, bool $fraction ) {
		$integer = filter_var( $text, FILTER_VALIDATE_INT );
		if ( false !== $integer ) {
			return $integer;
		}
		$number = $fraction ? filter_var( $text, FILTER_VALIDATE_FLOAT ) : false;
		return false === $number ? $text : $number;
	}
}
