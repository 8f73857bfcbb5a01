<?php
/**
 * The stored settings.
 *
 * @package Notice_Bar
 */

namespace Notice_Bar;

/**
 * Reads, validates and stores the settings: one option, every value of its field's type.
 *
 * @phpstan-type Values array{enabled: bool, members_only: bool, message: string, style: string, days: int}
 */
final class Settings {

	/** The option that holds the settings and the time of the last save. */
	public const OPTION = 'notice_bar_settings';

	/** Every field with its type, its default and its limits. */
	public const FIELDS = array(
		'enabled'      => array(
			'type'    => 'checkbox',
			'default' => false,
		),
		'members_only' => array(
			'type'    => 'checkbox',
			'default' => true,
		),
		'message'      => array(
			'type'       => 'text',
			'default'    => '',
			'max_length' => 200,
		),
		'style'        => array(
			'type'    => 'choice',
			'default' => 'info',
			'choices' => array( 'info', 'success', 'warning' ),
		),
		'days'         => array(
			'type'    => 'number',
			'default' => 7,
			'min'     => 1,
			'max'     => 30,
		),
	);

	/**
	 * The settings in force. A stored value of a wrong type counts as absent.
	 *
	 * @return Values
	 */
	public function get(): array {
		$stored = $this->stored();
		$values = array();

		foreach ( self::FIELDS as $name => $field ) {
			$value           = $stored[ $name ] ?? null;
			$values[ $name ] = gettype( $value ) === gettype( $field['default'] ) ? $value : $field['default'];
		}

		return $values;
	}

	/**
	 * When the settings were last saved, as a Unix timestamp; 0 if never.
	 */
	public function saved_at(): int {
		return (int) ( $this->stored()['saved_at'] ?? 0 );
	}

	/**
	 * Makes valid settings of what the settings form has posted.
	 *
	 * @param array<string, mixed> $posted The form's fields, unslashed.
	 * @param Values               $stored The settings in force.
	 * @return Values
	 */
	public function from_form( array $posted, array $stored ): array {
		$values = array();

		foreach ( self::FIELDS as $name => $field ) {
			$values[ $name ] = match ( $field['type'] ) {
				'checkbox' => rest_sanitize_boolean( $posted[ $name ] ?? $stored[ $name ] ),
				'text'     => $this->sanitize_text( $posted[ $name ] ?? $stored[ $name ], $field['max_length'] ),
				'choice'   => $this->sanitize_choice( $posted[ $name ] ?? $stored[ $name ], $field['choices'], $stored[ $name ] ),
				'number'   => $this->sanitize_number( $posted[ $name ] ?? $stored[ $name ], $field['min'], $field['max'] ),
			};
		}

		return $values;
	}

	/**
	 * Stores settings and the time of the save, from which the notice's days are counted.
	 *
	 * @param Values $values Valid settings.
	 * @param int    $now    Unix timestamp.
	 */
	public function save( array $values, int $now ): void {
		update_option( self::OPTION, array( 'saved_at' => $now ) + $values );
	}

	/**
	 * The option as it is, or nothing if it is not an array.
	 *
	 * @return array<string, mixed>
	 */
	private function stored(): array {
		$stored = get_option( self::OPTION, array() );

		return is_array( $stored ) ? $stored : array();
	}

	/**
	 * One line of plain text, cut at a number of characters.
	 *
	 * @param mixed $value      What was sent.
	 * @param int   $max_length Characters to keep.
	 */
	private function sanitize_text( $value, int $max_length ): string {
		return mb_substr( sanitize_text_field( is_scalar( $value ) ? $value : '' ), 0, $max_length );
	}

	/**
	 * One of the choices.
	 *
	 * @param mixed    $value    What was sent.
	 * @param string[] $choices  What may be sent.
	 * @param string   $fallback The value for anything else.
	 */
	private function sanitize_choice( $value, array $choices, string $fallback ): string {
		return in_array( $value, $choices, true ) ? $value : $fallback;
	}

	/**
	 * A whole number between two limits, both included.
	 *
	 * @param mixed $value What was sent.
	 * @param int   $min   Least.
	 * @param int   $max   Greatest.
	 */
	private function sanitize_number( $value, int $min, int $max ): int {
		return max( $min, min( $max, is_numeric( $value ) ? (int) $value : $min ) );
	}
}
