<?php
/**
 * An ability of WP Codebox.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Leaves the judgement of input to the extension. WordPress's own check against the schema knows one
 * error code for every mistake; callers of REST and of `execute()` get the same stable codes, naming
 * the same fields, as callers of `WP_Codebox_API`.
 *
 * @since 0.1.0
 */
class WP_Codebox_Ability extends WP_Ability {

	/**
	 * Gives input the types that the schema declares, and an ability without input an empty one.
	 *
	 * Abilities that only read are called with GET, which carries every value as text.
	 *
	 * @since 0.1.0
	 *
	 * @param mixed $input Optional. What the caller sent. Default null.
	 * @return mixed The input to judge, or a WP_Error that a filter returned.
	 */
	public function normalize_input( $input = null ) {
		if ( is_array( $input ) && ! empty( $this->get_meta_item( 'annotations' )['readonly'] ) ) {
			try {
				$input = WP_Codebox_Text_Input::fit( $input, $this->get_input_schema() );
			} catch ( InvalidArgumentException $e ) {
				// The text stays as it is, for the extension to refuse by its own rules.
				unset( $e );
			}
		}
		return parent::normalize_input( $input ?? array() );
	}

	/**
	 * Asks the extension whether it would take the input.
	 *
	 * @since 0.1.0
	 *
	 * @param mixed $input Optional. The normalized input. Default null.
	 * @return true|WP_Error
	 */
	public function validate_input( $input = null ) {
		$verdict = WP_Codebox_API::validate_ability_input( $this->get_name(), $input ?? array() );

		/** This filter is documented in wp-includes/abilities-api/class-wp-ability.php */
		$verdict = apply_filters( 'wp_ability_validate_input', $verdict, $input, $this->get_name() );
		if ( false === $verdict ) {
			return new WP_Error( 'ability_invalid_input', __( 'Invalid input.', 'wp-codebox' ), array( 'status' => 400 ) );
		}
		return is_wp_error( $verdict ) && $verdict->has_errors() ? $verdict : true;
	}
}
